/**
 * Text mode for an inline run. Writes to the real streams, because the operation's output is
 * captured.
 */

import { createInterface } from "node:readline";
import { type Answer, type Ask, cannotAsk, type Question } from "../../../ops/attempt/approvals.js";
import type { InlineWatcher } from "../../../ops/attempt/inline-link.js";
import type { OperationCtor } from "../../../ops/types/read-type.js";
import { NO } from "../../../protocol/approval.js";
import { userName } from "../../../protocol/client/client-header.js";
import type { OperationEvent } from "../../../protocol/event.js";
import type { LogLine } from "../../../protocol/operation.js";
import type { EventLine } from "../../../protocol/stream-lines.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { jsonLine } from "../../kit/output/json.js";
import { formatShortTime } from "../../kit/output/local-time.js";
import { textOf } from "../../text/nested.js";
import { TextScreen, type TextStream } from "../../text/screen.js";
import { OwnTerminals } from "./own-terminals.js";

type Write = (text: string | Uint8Array) => boolean;

export class InlineScreen implements InlineWatcher {
  #text = textOf({ stacks: true });
  terminals?: OwnTerminals;
  #out: TextStream = process.stdout;
  #err: TextStream = process.stderr;
  #screen = new TextScreen();

  constructor(
    private readonly json: boolean,
    private readonly tell: {
      /** Called when output cannot be written, because nobody reads it any more. */
      unread(error: Error): void;
      begins(Type: OperationCtor): void;
      /** Called when a program gets the person's terminal, and when it gives it back. */
      hasTerminal(hasTerminal: boolean): void;
    },
  ) {}

  get ask(): Ask | string {
    if (this.json || this.terminals?.isInteractive !== true)
      return "liveops run has no terminal to ask on; submit the operation, and answer with liveops approve";
    return (question, signal) =>
      askOnTerminal(question, (text) => void this.#err.write(text), signal);
  }

  begins(Type: OperationCtor): void {
    this.tell.begins(Type);
  }

  started(real: Readonly<Record<"stdout" | "stderr", Write>>): void {
    const behind = (stream: NodeJS.WriteStream, write: Write) =>
      behindCapture(stream, write, this.tell.unread);
    this.#out = behind(process.stdout, real.stdout);
    this.terminals = new OwnTerminals(real.stdout, !this.json, this.tell.hasTerminal);
    this.#text = textOf({ stacks: true, ownTerminal: this.terminals.isInteractive });
    this.#err = behind(process.stderr, real.stderr);
    this.#screen = new TextScreen({ stdout: this.#out, stderr: this.#err });
  }

  event(event: OperationEvent, id: string): void {
    this.#take(event, id);
    if (event.type === "operation:finished") this.#take({ type: "end", state: event.state }, id);
  }

  line(line: LogLine, id: string): void {
    this.#take({ type: "log:line", ...line }, id);
  }

  close(): void {
    this.#screen.close();
  }

  #take(line: EventLine, id: string): void {
    if (this.json) {
      this.#out.write(`${jsonLine({ id, ...line })}\n`);
      return;
    }
    const lines = this.#text.take(id, line);
    if (!this.#isOnTerminal(line)) this.#screen.print(lines);
  }

  /** The person sees it on the program's terminal, whose screen it would disturb. */
  #isOnTerminal(line: EventLine): boolean {
    if (this.terminals?.isShown !== true) return false;
    if (line.type === "log:line") return line.stream === "stdout";
    return line.type === "status:changed" || line.type === "progress:changed";
  }
}

/** The stream, with writes that bypass the capture. */
function behindCapture(
  stream: NodeJS.WriteStream,
  write: Write,
  onUnread: (error: Error) => void,
): TextStream {
  return {
    write: (text) => {
      write(text);
      // Checked at once: a busy loop never lets the `error` event fire.
      if (stream.errored !== null) onUnread(stream.errored);
    },
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
  };
}

/**
 * @param write - to the terminal
 * @throws Failure where the input ends
 */
async function askOnTerminal(
  question: Question,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const prompt = promptOf(question, new Date());
  // In the terminal's own mode, Ctrl-C reaches the supervisor as a signal.
  const lines = createInterface({ input: process.stdin, terminal: false, signal });
  // The cursor stands behind the prompt.
  signal.addEventListener("abort", () => isAsking && write("\n"), { once: true });
  let isAsking = true;
  try {
    write(prompt);
    for await (const line of lines) {
      const choice = choiceOf(line.trim(), question.choices);
      if (choice !== null) return { choice, by: userName() };
      write(prompt);
    }
    signal.throwIfAborted();
    throw cannotAsk("the input ended before an answer");
  } finally {
    isAsking = false;
    lines.close();
    process.stdin.pause();
  }
}

/** `Roll out? [yes/no] (no at 14:20) ` */
function promptOf({ question, choices, until, default: fallback }: Question, now: Date): string {
  const all = choices.map((choice) => sanitize(choice)).join("/");
  const end = fallback === null ? "fails" : sanitize(fallback);
  const time = until === null ? "" : `(${end} at ${formatShortTime(new Date(until), now)}) `;
  return `${sanitize(question)} [${all}] ${time}`;
}

/** A choice may be cut short where it is clear. `no` rejects, among whatever choices. */
function choiceOf(typed: string, choices: readonly string[]): string | null {
  if (typed === NO || choices.includes(typed)) return typed;
  const start = typed.toLowerCase();
  const fit = start === "" ? [] : choices.filter((each) => each.toLowerCase().startsWith(start));
  return fit.length === 1 ? fit[0]! : null;
}
