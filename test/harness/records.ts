/** Records and events for tests, made with the real reducer. */

import type { OperationEvent, Submission } from "../../protocol/event.js";
import type { LogLine, Operation, OperationError } from "../../protocol/operation.js";
import { reduceEvent } from "../../protocol/reduce.js";
import type { StageEnd } from "../../protocol/stage-state.js";
import type { EventLine } from "../../protocol/stream-lines.js";

export const AT = "2026-01-02T03:04:05.000Z";

type Body<F> = F extends unknown
  ? Omit<F, "seq" | "at" | "attempt"> & Partial<Pick<OperationEvent, "at" | "attempt">>
  : never;

export function submission(over: Partial<Submission> = {}): Submission {
  const id = over.id ?? "aaa111bbb222";
  return {
    id,
    op: "load-process-save",
    title: "Load, process, save",
    label: null,
    cwd: "/",
    params: {},
    stages: ["Load", "Process", "Save"],
    chain: { id, index: 0, previous: null, next: null },
    ...over,
  };
}

/** Numbers events and log lines as the worker does: one `seq` counter for both. */
export class Story {
  readonly lines: EventLine[] = [];
  #seq = 0;
  #logLine = 0;

  constructor(over: Partial<Submission> = {}) {
    this.event({ type: "operation:submitted", operation: submission(over), attempt: 0 });
  }

  event(body: Body<OperationEvent>): this {
    const seq = body.type === "cancel:requested" ? 0 : ++this.#seq;
    this.lines.push({ seq, at: AT, attempt: 1, ...body } as OperationEvent);
    return this;
  }

  log(text: string, stream: LogLine["stream"] = "log", stage: string | null = null): this {
    const line = { n: ++this.#logLine, seq: ++this.#seq, at: AT, attempt: 1, stage, stream, text };
    this.lines.push({ type: "log:line", ...line });
    return this;
  }

  started(attempt = 1): this {
    return this.event({ type: "attempt:started", attempt });
  }

  entered(stage: string, index: number | null): this {
    return this.event({ type: "stage:entered", stage, index });
  }

  left(
    stage: string,
    index: number | null,
    state: StageEnd = "done",
    resumed = false,
    why: { reason?: string; error?: OperationError } = {},
  ): this {
    return this.event({ type: "stage:left", stage, index, state, resumed, seconds: 1, ...why });
  }

  finished(
    state: "succeeded" | "failed" | "cancelled",
    result: unknown = null,
    next: string | null = null,
    failure = {
      code: "LIVEOPS_EXCEPTION",
      message: "it broke",
      stack: "Error: it broke\n    at x",
    },
  ): this {
    const error = state === "failed" ? failure : null;
    this.event({ type: "operation:finished", state, result, error, next });
    this.lines.push({ type: "end", state });
    return this;
  }

  record(): Operation {
    let record: Operation | null = null;
    for (const line of this.lines) {
      if (line.type !== "end" && line.type !== "log:line") record = reduceEvent(record, line);
    }
    return { ...record!, logLines: this.#logLine };
  }
}
