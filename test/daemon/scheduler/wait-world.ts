/**
 * A daemon of operations that wait for each other, without files and processes: the real classes
 * decide what starts, on a store in memory. The test plays the code of the operations, one step at
 * a time.
 */

import pino from "pino";
import { expect } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { Lifecycle } from "../../../daemon/lifecycle.js";
import { WorkerEvents } from "../../../daemon/run-files/worker-events.js";
import type { Attempt } from "../../../daemon/scheduler/attempt.js";
import { Dependencies } from "../../../daemon/scheduler/holds/dependencies.js";
import { Queue } from "../../../daemon/scheduler/queue.js";
import type { StarterOptions } from "../../../daemon/scheduler/starter.js";
import { Starter } from "../../../daemon/scheduler/starter.js";
import { WaitEdges } from "../../../daemon/scheduler/wait-edges.js";
import { Waiting } from "../../../daemon/scheduler/waiting.js";
import type { Decision, Entry } from "../../../daemon/store/decision.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { Ledger } from "../../../daemon/store/ledger.js";
import type { Judged, Store } from "../../../daemon/store/store.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { submission } from "../../harness/records.js";
import { outcome, POLICY, WORKER } from "../../harness/store.js";

/** What the code of an operation does, step by step. */
export type Step =
  /** It works for a turn. */
  | { do: "work" }
  /** It waits for the end of operations that were submitted before, by number. */
  | { do: "wait"; whom: readonly number[] }
  /** As `wait`, and gives up when it likes. */
  | { do: "look"; whom: readonly number[] }
  /** It runs operations inside of it, side by side, and waits for their end. */
  | { do: "run"; children: readonly Program[] }
  /**
   * Its attempt ends without an outcome, and it is queued again. Its next attempt finds its
   * children.
   */
  | { do: "die" };

export interface Program {
  queue: string;
  priority: number;
  /** Operations that must have ended before, by number. */
  after: readonly number[];
  steps: readonly Step[];
  /** The next operation of the chain. */
  next: Program | null;
}

export interface Plan {
  slots: Readonly<Record<string, number>>;
  programs: readonly Program[];
  /** Decides which operation makes the next step. */
  choices: readonly number[];
}

interface Actor {
  id: string;
  program: Program;
  step: number;
  /** Of the present step, by their number. */
  children: string[];
  /** Those that began in the present attempt. */
  begun: string[];
  /** Ends the wait; null: it works. */
  waits: { ids: readonly string[]; close(): void; mayGiveUp: boolean } | null;
}

/** What started in a slot that others use, and not all of them wait for it. */
export interface Breaking {
  id: string;
  users: readonly string[];
  /** Those of them that could go on without it. */
  able: readonly string[];
}

export class WaitWorld {
  readonly ledger = new Ledger();
  /** Operations that started in the slot of others that do not all wait for them. */
  readonly breakings: Breaking[] = [];
  /** What was refused: the waiter and the ids of the circle. */
  readonly circles: Array<{ id: string; whom: readonly string[]; circle: readonly string[] }> = [];
  readonly edges: WaitEdges;
  readonly #bus = new Bus();
  readonly #lifecycle: Lifecycle;
  readonly #starter: Starter;
  readonly #attempts = new Map<string, Attempt>();
  readonly #actors = new Map<string, Actor>();
  readonly #ids: string[] = [];
  /** Actors of operations whose attempt died. */
  readonly #kept = new Map<string, Actor>();
  #n = 0;
  #made = 0;

  constructor(private readonly plan: Plan) {
    const { slots } = plan;
    const bus = this.#bus;
    const find = (id: string) => this.ledger.get(id) ?? null;
    const store = {
      ledger: this.ledger,
      archive: { find, knows: () => false },
      secrets: { get: () => undefined, copy() {}, delete() {} },
      isFull: false,
      find,
      decide: (decision: Decision, version: number | null) => this.#decide([{ decision, version }]),
      decideAll: (judged: readonly Judged[]) => this.#decide(judged),
      // The parts of the store that the classes use.
    } as unknown as Store;
    const layout = layoutOf("/none");
    this.#lifecycle = new Lifecycle(store, layout);
    const lifecycle = this.#lifecycle;
    const queue = new Queue();
    const waiting = new Waiting({
      bus,
      queue,
      entry: find,
      onReady: () => this.#starter.kick(),
      isWatched: () => false,
    });
    const dependencies = new Dependencies({
      bus,
      waiting,
      find,
      reject: (id, end) => lifecycle.reject(id, end),
    });
    this.edges = new WaitEdges({ bus, store, lifecycle, dependencies, runsHere: () => true });
    const { edges } = this;
    const loader = { toStart: async () => ({ file: "", policy: POLICY }) };
    waiting.use([dependencies]);
    const all = Object.values(slots).reduce((sum, each) => sum + each, 0);
    const worker = { identity: WORKER };
    let taken = 0;
    this.#starter = new Starter({
      store,
      lifecycle,
      queue,
      waiting,
      edges,
      layout,
      queues: {
        isOpen: () => true,
        concurrency: (name: string) => slots[name]!,
        names: () => Object.keys(slots),
      },
      loader,
      containment: { limit: () => null },
      workerEvents: new WorkerEvents(layout.workers),
      log: pino({ level: "silent" }),
      settings: { maxLog: 0 },
      durations: { ofSteps: async () => null },
      pool: {
        // As the scheduler makes it.
        take: () => {
          if (this.#attempts.size + taken >= all + edges.size) return null;
          taken++;
          return worker;
        },
        release: () => taken--,
        warm() {},
        spare: 1,
      },
      attempts: this.#attempts,
      begin: (entry: Entry) => {
        taken--;
        this.#begin(entry);
      },
      onChange() {},
      // The parts that the starter uses.
    } as unknown as StarterOptions);
    bus.on("decided", () => this.#starter.kick());
  }

  /** Submits everything, and lets it run until nothing happens any more. */
  async run(check: () => void): Promise<void> {
    for (const program of this.plan.programs) {
      const after = program.after.map((n) => this.#ids[n]!);
      this.#ids.push(await this.#submit(program, after));
    }
    const { choices } = this.plan;
    for (let turn = 0; ; turn++) {
      await settle();
      check();
      const able = [...this.#actors.values()].filter((actor) => this.#isAble(actor));
      if (able.length === 0) return;
      const choice = choices.length === 0 ? 0 : choices[turn % choices.length]!;
      await this.#step(able[(choice + turn) % able.length]!);
      expect(turn).toBeLessThan(5000);
    }
  }

  /** Operations that have not ended. */
  get unfinished(): string[] {
    return [...this.ledger.entries.values()]
      .filter(({ record }) => !isFinal(record.state))
      .map(({ record }) => this.describe(record.id));
  }

  describe(id: string): string {
    const record = this.ledger.get(id)?.record;
    if (!record) return id;
    const waits = this.awaitedBy(id).join(",");
    return `${id} ${record.state} in ${record.queue}${record.state === "running" ? ` slot ${record.slot}` : ""}${waits && ` waits for ${waits}`}`;
  }

  /** By queue and slot: the operations that work there. What runs and waits for nothing works. */
  working(): Map<string, string[]> {
    const works = [...this.#actors.keys()].filter((id) => this.#waitsOf(id).length === 0);
    return Map.groupBy(works, (id) => this.slotOf(id));
  }

  /** For whom an operation waits, as the test knows it. */
  awaitedBy(id: string): string[] {
    const { state, after = [] } = this.ledger.get(id)!.record;
    const ids = state === "queued" ? after : this.#waitsOf(id);
    return ids.flatMap((each) => this.#live(each) ?? []);
  }

  #waitsOf(id: string): string[] {
    const { waits = null, begun = [] } = this.#actors.get(id) ?? {};
    return [...new Set([...(waits?.ids ?? []), ...begun])];
  }

  /** All that wait for an operation, directly or not, as the test knows it. */
  waitersOf(id: string): Set<string> {
    const found = new Set<string>([id]);
    const live = [...this.ledger.entries.keys()].filter(
      (each) => !isFinal(this.ledger.get(each)!.record.state),
    );
    for (let size = 0; size !== found.size; ) {
      size = found.size;
      for (const each of live)
        if (this.awaitedBy(each).some((to) => found.has(to))) found.add(each);
    }
    found.delete(id);
    return found;
  }

  /**
   * What could end if all that works ended, and slots were lent to those only for which their users
   * wait: the longest that can happen without breaking a lock-up.
   */
  canEnd(): Set<string> {
    const ended = new Set<string>();
    const live = [...this.ledger.entries.values()].filter(({ record }) => !isFinal(record.state));
    const isOver = (id: string) => ended.has(id);
    const mayStart = ({ record: { id, queue } }: Entry) => {
      const slots = this.#users(queue, ended);
      if (slots.length < this.plan.slots[queue]!) return true;
      const waiters = this.waitersOf(id);
      return slots.some((users) => users.every((user) => waiters.has(user)));
    };
    for (let size = -1; size !== ended.size; ) {
      size = ended.size;
      for (const entry of live) {
        const { id, state } = entry.record;
        if (isOver(id) || !this.awaitedBy(id).every(isOver)) continue;
        if (state === "running" || mayStart(entry)) ended.add(id);
      }
    }
    return ended;
  }

  #users(queue: string, without: ReadonlySet<string>): string[][] {
    const users = [...this.#actors.keys()].filter(
      (id) => this.ledger.get(id)!.record.queue === queue && !without.has(id),
    );
    return [...Map.groupBy(users, (id) => this.slotOf(id)).values()];
  }

  slotOf(id: string): string {
    const { queue, slot } = this.ledger.get(id)!.record;
    return `${queue} ${slot}`;
  }

  #live(id: string): string | null {
    for (let next: string | null = id; next !== null; ) {
      const record: Operation | undefined = this.ledger.get(next)?.record;
      if (!record) return null;
      if (!isFinal(record.state)) return next;
      next = record.chain.next;
    }
    return null;
  }

  async #decide(judged: readonly Judged[]): Promise<void> {
    for (const { decision } of judged) {
      if (decision.kind === "started") this.#noteStart(decision.id, decision.event.slot!);
      this.#bus.emit("decided", this.ledger.apply(decision, ++this.#n), decision, true);
    }
  }

  #noteStart(id: string, slot: number): void {
    const { queue } = this.ledger.get(id)!.record;
    const users = [...this.#actors.keys()].filter(
      (each) => this.slotOf(each) === `${queue} ${slot}`,
    );
    const waiters = this.waitersOf(id);
    if (users.every((user) => waiters.has(user))) return;
    const able = this.canEnd();
    this.breakings.push({ id, users, able: users.filter((user) => able.has(user)) });
  }

  async #submit(
    program: Program,
    after: string[],
    parent?: Operation["parent"],
    actor?: Actor,
  ): Promise<string> {
    const id = `op${String(++this.#made).padStart(3, "0")}`;
    actor?.children.push(id);
    actor?.begun.push(id);
    const { queue, priority } = program;
    const operation = submission({
      id,
      queue,
      priority,
      ...(after.length > 0 && { after }),
      ...(parent && { parent }),
    });
    this.#kept.set(id, { id, program, step: 0, children: [], begun: [], waits: null });
    await this.#lifecycle.submit([{ operation, env: {}, key: null }]);
    return id;
  }

  #begin(entry: Entry): void {
    const { id } = entry.record;
    // The parts of an attempt that are looked at.
    this.#attempts.set(id, { id, entry, holdsSlot: true } as unknown as Attempt);
    const actor = this.#kept.get(id)!;
    actor.begun = [];
    this.#actors.set(id, actor);
  }

  #isAble({ waits }: Actor): boolean {
    return waits === null || waits.mayGiveUp || waits.ids.every((id) => this.#live(id) === null);
  }

  async #step(actor: Actor): Promise<void> {
    const { id, program } = actor;
    if (actor.waits !== null) {
      const { close } = actor.waits;
      actor.waits = null;
      actor.children = [];
      actor.begun = [];
      actor.step++;
      close();
      return;
    }
    const step = program.steps[actor.step];
    if (step === undefined) return this.#end(actor);
    switch (step.do) {
      case "work":
        actor.step++;
        return;
      case "die": {
        actor.step++;
        this.#actors.delete(id);
        this.#attempts.delete(id);
        const { attempt, seq } = this.ledger.get(id)!.record;
        const again = { reason: "its worker died", next: attempt + 1, tries: 1, delay: 0 };
        return this.#lifecycle.conclude(id, attempt, seq, () => ({ requeue: again }));
      }
      case "run":
        await this.#runChildren(actor, step.children);
        return this.#wait(actor, actor.children, false);
      default:
        return this.#wait(
          actor,
          step.whom.map((n) => this.#ids[n]!),
          step.do === "look",
        );
    }
  }

  /** Those that an earlier attempt began are found. */
  async #runChildren(actor: Actor, programs: readonly Program[]): Promise<void> {
    const { id } = actor;
    const { attempt } = this.ledger.get(id)!.record;
    for (const program of programs.slice(actor.children.length)) {
      const call = actor.children.length + 1;
      await this.#submit(program, [], { id, attempt, stage: "Load", occurrence: 1, call }, actor);
    }
  }

  async #wait(actor: Actor, ids: readonly string[], mayGiveUp: boolean): Promise<void> {
    const { id } = actor;
    const { attempt } = this.ledger.get(id)!.record;
    const closing = ids.filter((each) => {
      const live = this.#live(each);
      return live !== null && (live === id || this.waitersOf(id).has(live));
    });
    actor.waits = { ids, close() {}, mayGiveUp };
    try {
      actor.waits.close = await this.edges.open({ id, attempt }, ids);
      expect(closing).toEqual([]);
    } catch (error) {
      actor.waits = null;
      if (!(error instanceof Refusal)) throw error;
      expect(error.code).toBe("LIVEOPS_WAIT_CIRCLE");
      const circle = error.extra.circle as string[];
      this.circles.push({ id, whom: ids, circle });
      expect(closing).not.toEqual([]);
      expect([circle[0], circle.at(-1)]).toEqual([id, id]);
      expect(closing.map((each) => this.#live(each))).toContain(circle[1]);
      for (let n = 1; n < circle.length - 1; n++)
        expect(this.awaitedBy(circle[n]!)).toContain(circle[n + 1]);
      actor.step++;
    }
  }

  async #end(actor: Actor): Promise<void> {
    const { id, program } = actor;
    const { next } = program;
    const { attempt, seq, chain } = this.ledger.get(id)!.record;
    let successor = null;
    if (next !== null) {
      const nextId = `op${String(++this.#made).padStart(3, "0")}`;
      this.#kept.set(nextId, {
        id: nextId,
        program: next,
        step: 0,
        children: [],
        begun: [],
        waits: null,
      });
      const link = { id: chain.id, index: chain.index + 1, previous: id, next: null };
      successor = submission({
        id: nextId,
        queue: next.queue,
        priority: next.priority,
        chain: link,
      });
    }
    this.#actors.delete(id);
    this.#attempts.delete(id);
    await this.#lifecycle.conclude(id, attempt, seq, () => ({
      finish: outcome("succeeded", successor),
    }));
  }
}

/** All that follows without a further step of an operation has happened. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
