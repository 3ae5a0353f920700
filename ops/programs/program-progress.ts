/**
 * The progress of one program of `p.exec`: what its output, its reports (`LIVEOPS_REPORT`) and its
 * open files say. The rules of the bar are those of `ProgramBar`.
 */

import type { LogStream, StatusLevel } from "../../protocol/operation.js";
import {
  parseReportLine,
  type ReportLevel,
  type ReportStatement,
} from "../../protocol/report-line.js";
import { withoutOtherSequences, withoutSequences } from "../../protocol/text/sgr.js";

import type { Masker } from "../secrets/masker.js";
import { SHORTEST_SECRET } from "../secrets/secret-forms.js";
import type { OscProgress } from "./osc-progress.js";
import { type BarTarget, ProgramBar } from "./progress/program-bar.js";
import { ReadPositions } from "./progress/read-position.js";
import type { Reading, RecogniserEntry } from "./progress/reading.js";
import { Recognition } from "./progress/recognition.js";
import { ReportFile } from "./progress/report-file.js";
import { type WorkflowCommand, WorkflowCommands } from "./progress/workflow-commands.js";
import { PROGRAM_RECOGNISERS } from "./recognisers.js";

/** Receives what the program says. */
export interface ProgramTarget {
  readonly bar: BarTarget;
  line(stream: LogStream, text: string): void;
  status(text: string, level: StatusLevel): void;
  /** Gets the secrets that the program names. */
  readonly masker: Masker;
  output(name: string, value: string): void;
}

const REPORT_POLL_MS = 100;
const FILES_POLL_MS = 1000;
/** Time for which an unfinished text must stand before it is read. */
const STANDING_MS = 250;
/** Silence after which open files are looked at. */
const SILENT_MS = 2000;
/**
 * Time that one look at the open files may take; after a longer one, the next looks are left out.
 */
const LOOK_MS = 10;
/** Reports that are not understood and are noted. */
const MOST_NOTES = 5;
/** The form of the sources that have only one. */
const ONLY = "";

export class ProgramProgress {
  readonly #bar: ProgramBar;
  readonly #recognition: Recognition;
  readonly #commands = new WorkflowCommands();
  readonly #timers: NodeJS.Timeout[] = [];
  #file: ReportFile | null = null;
  /** Lines of that file that are not followed yet. */
  readonly #reports: string[] = [];
  /** The unfinished text; null: it was read, or there is none. */
  #standing: string | null = null;
  #standingTimer: NodeJS.Timeout | null = null;
  /** The line that has not ended was redrawn. */
  #hasFrames = false;
  #notes = 0;
  #hasStatus = false;

  constructor(
    private readonly target: ProgramTarget,
    recognisers: readonly RecogniserEntry[] = PROGRAM_RECOGNISERS,
  ) {
    this.#bar = new ProgramBar(target.bar);
    const { masker } = target;
    // The labels of a bar are cut, so that secrets are masked before.
    this.#recognition = new Recognition(recognisers, (text, isFrame) =>
      plain(isFrame ? masker.maskUnfinished(text) : masker.mask(text)),
    );
  }

  /** Makes the file of the reports. @returns the variables that the program needs */
  open(): { LIVEOPS_REPORT: string | undefined } {
    try {
      this.#file = ReportFile.create((line) => this.#reports.push(line));
    } catch (error) {
      this.target.line("liveops", `LIVEOPS_REPORT is not available: ${(error as Error).message}`);
    }
    return { LIVEOPS_REPORT: this.#file?.path };
  }

  /** The file of the reports; null: there is none. */
  get reportPath(): string | null {
    return this.#file?.path ?? null;
  }

  /** Call when the program runs. */
  watch(pid: number): void {
    this.#every(REPORT_POLL_MS, () => this.poll());
    const positions = new ReadPositions(pid);
    const silentAt = performance.now() + SILENT_MS;
    let skip = 0;
    this.#every(FILES_POLL_MS, () => {
      const { source } = this.#bar;
      if ((source !== null && source !== "files") || --skip >= 0) return;
      const from = performance.now();
      const read = positions.look();
      skip = Math.floor((performance.now() - from) / LOOK_MS);
      if (read === null || from < silentAt) return;
      const { position: done, size: total, name: label } = read;
      this.#bar.say("files", ONLY, { done, total, unit: "B", label });
    });
  }

  /**
   * Reads new reports; call before output is read, so that both keep their order as far as it is
   * known. A report must not show a secret that the output names: it follows what is not read yet.
   *
   * @param output - what is read next; null: not known
   */
  poll(output: Buffer | null = null): void {
    if (!this.#attempt(() => this.#file?.poll())) this.#closeFile();
    if (output === null || output.includes("::add-mask::")) setImmediate(() => this.#followAll());
    else this.#followAll();
  }

  /**
   * @param texts - complete lines; their only control sequences are colours
   * @param log - gets the lines for the log, in their order with what the program says besides
   */
  lines(texts: readonly string[], log: (lines: readonly string[]) => void): void {
    this.#standing = null;
    let lines: string[] = [];
    const flush = () => {
      if (lines.length > 0) log(lines);
      lines = [];
    };
    for (const text of texts) {
      const command = this.#commands.read(text);
      if (command !== null) {
        flush();
        lines.push(...this.#obey(command));
        continue;
      }
      const isLastFrame = this.#hasFrames;
      this.#hasFrames = false;
      const reading = this.#read(text, false, flush);
      if (reading?.log !== undefined) lines.push(...reading.log.map(withoutOtherSequences));
      // The last frame stays, as on a terminal.
      else if (!reading?.isOnlyProgress || isLastFrame) lines.push(text);
    }
    flush();
  }

  /** A frame of a bar that redraws. @returns the text for the status line; null: it stays */
  frame(text: string): string | null {
    this.#standing = null;
    this.#hasFrames = true;
    const reading = this.#read(text, true);
    return this.#hasStatus ? null : (reading?.status ?? text);
  }

  /**
   * The text of the line that has not ended. A program that waits after it has written a frame
   * shows that frame, so a text that stands for a moment is read.
   */
  unfinished(text: string): void {
    this.#standing = text;
    if (this.#standingTimer !== null) this.#standingTimer.refresh();
    else {
      this.#standingTimer = setTimeout(() => {
        const standing = this.#standing;
        this.#standing = null;
        if (standing !== null) this.#read(standing, true);
      }, STANDING_MS);
      this.#timers.push(this.#standingTimer.unref());
    }
  }

  osc({ state, percent }: OscProgress): void {
    if (state === "clear") this.#bar.clear("osc");
    else if (state !== "indeterminate" && percent !== null) this.#bar.say("osc", ONLY, { percent });
  }

  /** A line of the file of the reports. */
  report(line: string): void {
    if (line.trim() === "") return;
    const statement = parseReportLine(line);
    if (typeof statement !== "string") {
      this.#follow(statement);
      return;
    }
    if (++this.#notes > MOST_NOTES) return;
    // The message quotes the line.
    const problem = parseReportLine(this.target.masker.mask(line));
    if (typeof problem === "string") this.target.line("liveops", `LIVEOPS_REPORT: ${problem}`);
  }

  /** Call when the program has ended and its output is read. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#standing = null;
    this.#closeFile();
    this.#followAll();
  }

  /**
   * Whether the program gave its status by a report or a command: its output does not change the
   * status then.
   */
  get hasStatus(): boolean {
    return this.#hasStatus;
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = null;
    this.#attempt(() => file?.close());
  }

  #followAll(): void {
    for (const line of this.#reports.splice(0)) this.report(line);
  }

  #every(ms: number, look: () => void): void {
    this.#timers.push(setInterval(look, ms).unref());
  }

  /** A file that cannot be read must not fail the program. @returns false: it failed */
  #attempt(read: () => void): boolean {
    try {
      read();
      return true;
    } catch (error) {
      if (++this.#notes <= MOST_NOTES)
        this.target.line("liveops", `LIVEOPS_REPORT is not read: ${(error as Error).message}`);
      return false;
    }
  }

  /** @param flush - called before what the text says is passed on */
  #read(text: string, isFrame: boolean, flush: () => void = () => {}): Reading | null {
    const found = this.#recognition.read(text, isFrame);
    if (found === null) return null;
    const { source, form, reading } = found;
    flush();
    this.#bar.say(source, form, reading);
    if (!isFrame && reading.status !== undefined && !this.#hasStatus)
      this.target.status(reading.status, "info");
    return reading;
  }

  #follow(statement: ReportStatement): void {
    const { target } = this;
    switch (statement.type) {
      case "progress": {
        const { type: _, unit, ...reading } = statement;
        this.#bar.say("report", ONLY, {
          ...reading,
          ...(unit && { unit: target.masker.mask(unit) }),
        });
        break;
      }
      case "percent":
        this.#bar.say("report", ONLY, { percent: statement.percent });
        break;
      case "status":
        this.#status(statement.text);
        break;
      case "stage":
        this.#bar.step(withoutSequences(target.masker.mask(statement.name)));
        target.line("log", bold(statement.name));
        break;
      case "log":
        target.line("log", levelled(statement.level, statement.text));
        break;
      case "output":
        target.output(statement.name, statement.value);
    }
  }

  /** @returns the lines for the log */
  #obey(command: WorkflowCommand): string[] {
    const { target } = this;
    switch (command.type) {
      case "log": {
        const { level, text, place } = command;
        return [levelled(level === "info" ? "notice" : level, place ? `${text} (${place})` : text)];
      }
      case "group":
        return [bold(command.name)];
      case "mask":
        if (!target.masker.add(command.text) && command.text.trim() !== "")
          target.line(
            "liveops",
            `a text of fewer than ${SHORTEST_SECRET} characters is not masked`,
          );
    }
    return [];
  }

  #status(text: string): void {
    this.#hasStatus = true;
    this.target.status(withoutSequences(text), "info");
  }
}

const CONTROLS = /[\x00-\x1f\x7f-\x9f]/;

/** Without colours and control characters. */
function plain(text: string): string {
  if (!CONTROLS.test(text)) return text;
  return withoutSequences(text)
    .replaceAll("\t", " ")
    .replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "");
}

/** Colour of each level, as SGR code. */
const COLOURS: Partial<Record<ReportLevel, number>> = {
  success: 32,
  notice: 36,
  warning: 33,
  error: 31,
};

/** The text with its level before it, in colour. */
function levelled(level: ReportLevel, text: string): string {
  const clean = withoutOtherSequences(text);
  const colour = COLOURS[level];
  return colour === undefined ? clean : `\x1b[${colour}m${level}:\x1b[0m ${clean}`;
}

function bold(text: string): string {
  return `\x1b[1m${withoutSequences(text)}\x1b[0m`;
}
