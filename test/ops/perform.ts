/**
 * Performs one attempt of an operation type with an array as a sink, for the tests of the shipped types.
 */
import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { prepareSubmission, typeOfSubmission } from "../../ops/runner/prepare.js";
import { type OperationCtor, readType } from "../../ops/runner/read-type.js";
import { runAttempt } from "../../ops/runner/run-attempt.js";
import type { EventBody, Outcome, Submission } from "../../protocol/event.js";
import type { LogStream } from "../../protocol/operation.js";

export interface Line {
  stream: LogStream;
  stage: string | null;
  text: string;
}

export interface Performed {
  outcome: Outcome;
  events: EventBody[];
  lines: Line[];
  /** The texts of one stream's lines. */
  texts(stream: LogStream): string[];
}

type OfType<T> = Extract<EventBody, { type: T }>;

/** An attempt under way. */
export class Attempt {
  readonly events: EventBody[] = [];
  readonly lines: Line[] = [];
  readonly done: Promise<Performed>;
  private readonly happened = new EventEmitter().setMaxListeners(0);
  private readonly stop = new AbortController();

  constructor(Type: OperationCtor, submission: Submission) {
    const write = (stream: LogStream, stage: string | null, text: string) => {
      for (const line of text.split("\n")) this.lines.push({ stream, stage, text: line });
      this.happened.emit("any");
    };
    const restore = (["stdout", "stderr"] as const).map((stream) =>
      vi.spyOn(process[stream], "write").mockImplementation((text) => {
        write(stream, null, String(text).replace(/\n$/, ""));
        return true;
      }),
    );
    const { id, op, params, title, label, stages, cwd, chain } = submission;
    const order = {
      id,
      op,
      params,
      title,
      label,
      stages,
      cwd,
      chain,
      attempt: 1,
      env: {},
      seq: 0,
      logLines: 0,
    };
    const sink = {
      event: (event: EventBody) => {
        this.events.push(event);
        this.happened.emit("any");
      },
      line: write,
    };
    const control = {
      signal: this.stop.signal,
      poll: () => (this.stop.signal.aborted ? ("cancel" as const) : null),
    };
    this.done = runAttempt(Type, order, sink, control, null)
      .finally(() => {
        for (const spy of restore) spy.mockRestore();
      })
      .then((outcome) => ({
        outcome,
        events: this.events,
        lines: this.lines,
        texts: (stream) => this.lines.filter((line) => line.stream === stream).map(({ text }) => text),
      }));
  }

  cancel(): Promise<Performed> {
    this.stop.abort("cancel");
    return this.done;
  }

  /** The first event of a type that fits. */
  async event<T extends EventBody["type"]>(type: T, fits: (event: OfType<T>) => boolean = () => true) {
    const find = () => this.events.find((each) => each.type === type && fits(each as OfType<T>));
    return (await this.until(find)) as OfType<T>;
  }

  async line(fits: (line: Line) => boolean): Promise<Line> {
    return this.until(() => this.lines.find(fits));
  }

  private async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const ended = await Promise.race([once(this.happened, "any"), this.done]);
      if (!Array.isArray(ended) && find() === undefined) {
        throw new Error(`it ended as ${ended.outcome.state} before that: ${ended.outcome.error?.message}`);
      }
    }
  }
}

/** Starts one operation; parameters are read as a submit reads them. */
export async function start(Type: OperationCtor, params: Record<string, unknown> = {}, set: string[] = []) {
  const chain = { id: "a00000000000", index: 0, previous: null, next: null };
  const place = { id: "a00000000000", label: null, cwd: process.cwd(), chain };
  return new Attempt(Type, await prepareSubmission(Type, { params, set }, place));
}

export async function perform(Type: OperationCtor, params: Record<string, unknown> = {}, set: string[] = []) {
  return (await start(Type, params, set)).done;
}

/** Performs a whole chain; every link's record. */
export async function performChain(
  Type: OperationCtor,
  params: Record<string, unknown>,
): Promise<(Performed & { op: string })[]> {
  const links = [{ op: readType(Type).op, ...(await perform(Type, params)) }];
  for (let next = links[0]?.outcome.next; next; next = links.at(-1)?.outcome.next) {
    const NextType = typeOfSubmission(next);
    if (!NextType) throw new Error(`no class for ${next.op}`);
    links.push({ op: next.op, ...(await new Attempt(NextType, next).done) });
  }
  return links;
}

/** A directory that is gone after the test. */
export function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "liveops-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
