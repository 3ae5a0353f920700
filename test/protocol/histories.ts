/** Any history that an operation can have: events of daemon and workers, numbered and in order. */
import fc from "fast-check";
import type { OperationEvent } from "../../protocol/event.js";
import { STAGE_ENDS, STEP_ENDS } from "../../protocol/stage-state.js";
import { isFinal, type State } from "../../protocol/state.js";
import { submission } from "../harness/records.js";

const STAGES = ["Load", "Process", "Save"];
const ENDS = ["succeeded", "failed", "cancelled"] as const;
const STEPS = ["lint", "unit", "__proto__", "constructor"];
const START = Date.parse("2026-01-02T03:04:05.000Z");

/** Each number is one move, taken among those that are possible then. */
export const histories: fc.Arbitrary<OperationEvent[]> = fc
  .array(fc.nat({ max: 10_000 }), { maxLength: 60 })
  .map((choices) => new History().play(choices));

/** Untracked where the index is null. */
interface Block {
  stage: string;
  index: number | null;
}

const UNTRACKED = ["Aside", "Warm cache", "Load"];

type Body<F = OperationEvent> = F extends unknown ? Omit<F, "seq" | "at" | "attempt"> : never;

class History {
  readonly events: OperationEvent[] = [];
  #seq = 0;
  #attempt = 0;
  #next = 1;
  #state: State = "queued";
  /** The running blocks, the latest last; at most one is tracked. */
  #open: Block[] = [];
  /** Steps of the tracked stage that runs; whether they are active. */
  #steps = new Map<string, boolean>();
  #stopping = false;
  #accepted = false;

  constructor() {
    this.#say({ type: "operation:submitted", operation: submission({ stages: STAGES }) });
  }

  play(choices: number[]): OperationEvent[] {
    for (const choice of choices) {
      const moves = this.#state === "queued" ? this.#queued() : this.#after();
      if (moves.length === 0) break;
      moves[choice % moves.length]!(Math.floor(choice / moves.length));
    }
    return this.events;
  }

  #queued(): Array<(n: number) => void> {
    return [
      () => this.#start(),
      () => this.#start(),
      (n) => this.#finish(n % 2 === 0 ? "cancelled" : "failed"),
    ];
  }

  #after(): Array<(n: number) => void> {
    if (isFinal(this.#state)) return this.#state === "succeeded" ? [] : [(n) => this.#retry(n)];
    const moves: Array<(n: number) => void> = [
      (n) => this.#say({ type: "progress:changed", percent: n % 101, progress: null }),
      (n) => this.#say({ type: "status:changed", status: { text: `at ${n}`, level: "info" } }),
      () => this.#say({ type: "records:dropped", count: 3 }),
      (n) => this.#say({ type: "terminal:changed", program: n % 2 === 0 ? "sh" : null }),
      (n) =>
        this.#say(
          n % 3 === 0
            ? { type: "input:resumed" }
            : { type: "input:waiting", prompt: `Ask ${n}? `, echo: true, number: 1 },
        ),
      (n) => this.#stop(n % 2 === 0 ? "cancel" : "timeout"),
      (n) => this.#finish(ENDS[n % 3]!),
    ];
    if (this.#open.every(({ index }) => index === null))
      moves.push((n) => this.#enter({ stage: STAGES[n % 3]!, index: n % 3 }));
    if (this.#open.length < 4)
      moves.push((n) => this.#enter({ stage: UNTRACKED[n % UNTRACKED.length]!, index: null }));
    if (this.#open.length > 0) moves.push((n) => this.#leave(n));
    const tracked = this.#open.find(({ index }) => index !== null)?.stage;
    if (tracked !== undefined)
      moves.push(
        (n) => this.#step(tracked, n),
        (n) =>
          this.#say({ type: "stage:waits", stage: tracked, waits: n % 2 === 0, seconds: n % 50 }),
      );
    if (!this.#accepted) moves.push(() => this.#accept());
    if (!this.#stopping) moves.push(() => this.#requeue());
    return moves;
  }

  /** A step begins, reports or ends. */
  #step(stage: string, n: number): void {
    const step = STEPS[n % STEPS.length]!;
    const isActive = this.#steps.get(step);
    if (isActive === undefined) {
      this.#steps.set(step, true);
      this.#say({ type: "step:entered", stage, step, total: STEPS.length });
    } else if (!isActive || n % 3 === 0) {
      // The last report may come after the end, and must change nothing.
      this.#say({ type: "progress:changed", step, percent: n % 101, progress: null });
      this.#say({ type: "status:changed", step, status: { text: `step at ${n}`, level: "info" } });
    } else {
      this.#steps.set(step, false);
      const state = STEP_ENDS[n % STEP_ENDS.length]!;
      this.#say({ type: "step:finished", stage, step, state, resumed: n % 5 === 0, seconds: n });
    }
  }

  #start(): void {
    this.#state = "running";
    this.#attempt = this.#next;
    this.#accepted = false;
    this.#stopping = false;
    this.#open = [];
    this.#say({ type: "attempt:started" });
  }

  #accept(): void {
    this.#accepted = true;
    this.#say({ type: "attempt:accepted", pid: 4711 });
    this.#say({ type: "stages:declared", title: `attempt ${this.#attempt}`, stages: STAGES });
  }

  #enter(block: Block): void {
    this.#open.push(block);
    if (block.index !== null) this.#steps.clear();
    this.#say({ type: "stage:entered", ...block });
  }

  /** Mostly the latest block ends; of blocks that run in parallel, another one may end first. */
  #leave(n: number): void {
    const { stage, index } =
      this.#open[n % 3 === 0 ? n % this.#open.length : this.#open.length - 1]!;
    // Events do not tell blocks of one name apart: the latest of them ends.
    const at = this.#open.findLastIndex((each) => each.stage === stage && each.index === index);
    const [block] = this.#open.splice(at, 1);
    const state = STAGE_ENDS[n % STAGE_ENDS.length]!;
    const why = {
      ...(state === "skipped" && { reason: `no need ${n}` }),
      ...(state === "allowed-failure" && {
        error: { code: "LIVEOPS_EXCEPTION", message: `broke ${n}`, stack: null },
      }),
    };
    const latest = this.#open.at(-1);
    const untracked = latest?.index === null ? { untrackedStage: latest.stage } : null;
    this.#say({
      type: "stage:left",
      ...block!,
      state,
      resumed: state === "done" && n % 3 === 0,
      seconds: n,
      ...why,
      ...untracked,
    });
  }

  #stop(reason: "cancel" | "timeout"): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#say({ type: "cancel:requested", reason });
  }

  #requeue(): void {
    this.#next = this.#accepted ? this.#attempt + 1 : this.#attempt;
    this.#say({ type: "attempt:requeued", reason: "its worker died", retryAt: null });
    this.#state = "queued";
  }

  #finish(state: (typeof ENDS)[number]): void {
    const error =
      state === "failed" ? { code: "LIVEOPS_EXCEPTION", message: "it broke", stack: null } : null;
    const result = state === "succeeded" ? { rows: 1 } : null;
    if (this.#state === "running")
      this.#say({ type: "attempt:finished", seconds: 1, state, result, error, next: null });
    this.#say({ type: "operation:finished", state, result, error, next: null });
    this.#next = this.#attempt + 1;
    this.#state = state;
  }

  #retry(n: number): void {
    this.#say({ type: "operation:retried", from: n % 2 === 0 ? null : STAGES[0]! });
    this.#state = "queued";
  }

  #say(body: Body): void {
    const seq = body.type === "cancel:requested" ? 0 : ++this.#seq;
    const at = new Date(START + this.events.length * 1000).toISOString();
    this.events.push({ seq, at, attempt: this.#attempt, ...body } as OperationEvent);
  }
}
