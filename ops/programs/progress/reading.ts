/**
 * What a program said about its progress, and the interface of the recognisers that understand its
 * output.
 */

/** One statement about progress. An absent key leaves that value as it is. */
export interface Reading {
  /**
   * 0 to 100. Not needed when `done` and `total` are given; counts before them where both are
   * given.
   */
  percent?: number;
  done?: number;
  /** Null: unknown. */
  total?: number | null;
  unit?: string | null;
  /**
   * What is counted, or the step that the program is in. A new label begins a new bar, so a
   * recogniser of things that go on side by side gives their sum under one label.
   */
  label?: string;
  /** A text for the status line. */
  status?: string;
  /**
   * The text is progress and nothing else, so that it is not written to the log. Default: false.
   */
  isOnlyProgress?: boolean;
  /**
   * Lines for the log in the place of the text, which holds them in another form. Default: the text
   * itself.
   */
  log?: readonly string[];
}

/**
 * Reads the output of one program. Keeps its own state, such as a total that was said once.
 *
 * `read` is called for the lines of every program that begin as the table says: a cheap test of the
 * text (`includes`) comes before any regular expression. A frame that stands for a moment may be
 * read twice with the same text, and of a long output without progress only a sample is read
 * (recognition.ts).
 */
export interface Recogniser {
  /** Name of the program or of the form, such as `rsync`. */
  readonly name: string;
  /**
   * @param text - one line, or one frame of a bar that redraws with carriage returns; no line
   *   end, no colours, no control characters
   * @param isFrame - the text is a frame: a later text replaces it on a terminal
   * @returns null if the text is not understood. Must not throw, whatever the text is
   */
  read(text: string, isFrame: boolean): Reading | null;
}

/** A recogniser, and the source of progress that it belongs to. */
export interface RecogniserEntry {
  /** `json`: an output made for programs; `text`: an output made for people. */
  readonly source: "json" | "text";
  /**
   * The characters with which a text begins that it reads; or a pattern that each line has that it
   * reads, for lines that may begin with anything; null: any text. Every frame is read, and the
   * line before what is read.
   */
  readonly begins: string | RegExp | null;
  /** Creates the recogniser for one run of a program. */
  readonly create: () => Recogniser;
}
