/** A scripted daemon that holds operations: what a test puts into it reaches every watcher, as the real one does it. */
import type { LogLine, Operation } from "../../../protocol/operation.js";
import { isFinal, STATES, type State } from "../../../protocol/state.js";
import { type Asked, FakeDaemon, type Reply, type Stream } from "../../harness/fake-daemon.js";

interface Watcher {
  stream: Stream;
  operation: string | null;
  sent: number;
}

export class World {
  readonly operations = new Map<string, Operation>();
  readonly lines = new Map<string, LogLine[]>();
  readonly #watchers = new Set<Watcher>();
  #cursor = 0;

  private constructor(readonly daemon: FakeDaemon) {
    daemon
      .on("GET", "/v1/watch", (asked, reply) => this.#watch(asked, reply))
      .on("GET", "/v1/operations", (asked, reply) => {
        const operations = [...this.operations.values()].filter(
          ({ chain }) => asked.query.chain === undefined || chain.id === asked.query.chain,
        );
        reply.json({ operations, next: null, total: operations.length });
      })
      .on("GET", /^\/v1\/operations\/[^/]+$/, (asked, reply) => {
        const id = asked.path.split("/")[3]!;
        const found = [...this.operations.values()].find((operation) => operation.id.startsWith(id));
        if (found) reply.json(found);
        else reply.refuse("LIVEOPS_NO_SUCH_OPERATION", `no operation ${id}; see: liveops ls`);
      })
      .on("GET", /\/log$/, (asked, reply) => this.#log(asked, reply));
  }

  static async start(): Promise<World> {
    return new World(await FakeDaemon.start());
  }

  get socket(): string {
    return this.daemon.socket;
  }

  /** Adds an operation, or changes keys of one that is there. */
  put(operation: Operation): void {
    this.operations.set(operation.id, operation);
    this.#tell({ type: "changed", id: operation.id, patch: operation });
    this.#counts();
  }

  patch(id: string, patch: Partial<Operation>): void {
    this.operations.set(id, { ...this.operations.get(id)!, ...patch });
    this.#tell({ type: "changed", id, patch });
    if (patch.state !== undefined) this.#counts();
  }

  /** One durable record ends `from` and creates its successor; the watchers are handed over. */
  handOver(from: string, successor: Operation): void {
    const first = this.operations.get(from)!;
    const patch = {
      state: "succeeded",
      percent: 100,
      chain: { ...first.chain, next: successor.id },
    } as const;
    this.operations.set(from, { ...first, ...patch });
    this.operations.set(successor.id, successor);
    this.#tell({ type: "changed", id: from, patch });
    this.#tell({ type: "chained", from, to: successor.id, operation: successor });
    this.#counts();
  }

  remove(id: string): void {
    this.operations.delete(id);
    this.#tell({ type: "removed", id });
    this.#counts();
  }

  log(id: string, ...texts: (string | Partial<LogLine>)[]): void {
    const held = this.lines.get(id) ?? [];
    const fresh = texts.map((text, i) => ({
      n: held.length + i + 1,
      seq: held.length + i + 1,
      at: "2026-01-02T03:04:05.000Z",
      attempt: 1,
      stage: null,
      stream: "log" as const,
      ...(typeof text === "string" ? { text } : { text: "", ...text }),
    }));
    this.lines.set(id, [...held, ...fresh]);
    for (const watcher of this.#watchers) if (watcher.operation === id) this.#sendLog(watcher);
  }

  counts(): Record<State, number> {
    const all = [...this.operations.values()];
    return Object.fromEntries(
      STATES.map((state) => [state, all.filter((operation) => operation.state === state).length]),
    ) as Record<State, number>;
  }

  /** Resolves once a dashboard watches the list. */
  async watched(): Promise<void> {
    await this.daemon.request(({ path, query }) => path === "/v1/watch" && query.operation === undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
  }

  #watch(asked: Asked, reply: Reply): void {
    const stream = reply.stream();
    const { operation = null, logAfter = "0", since } = asked.query;
    const watcher: Watcher = { stream, operation, sent: Number(logAfter) };
    const operations = [...this.operations.values()].filter(
      ({ id }) => operation === null || id === operation,
    );
    if (since === String(this.#cursor)) stream.line({ type: "resumed", cursor: since });
    else stream.line({ type: "snapshot", cursor: String(this.#cursor), operations, counts: this.counts() });
    this.#watchers.add(watcher);
    void stream.closed.then(() => this.#watchers.delete(watcher));
    if (operation !== null) this.#sendLog(watcher);
  }

  #sendLog(watcher: Watcher): void {
    const id = watcher.operation!;
    const lines = (this.lines.get(id) ?? []).filter((line) => line.n > watcher.sent);
    if (lines.length > 0) watcher.stream.line({ type: "log", id, lines });
    watcher.sent += lines.length;
    const state = this.operations.get(id)?.state;
    if (state !== undefined && isFinal(state)) {
      watcher.stream.line({ type: "end", id, state });
      watcher.stream.end();
    }
  }

  #log(asked: Asked, reply: Reply): void {
    const all = this.lines.get(asked.path.split("/")[3]!) ?? [];
    const { after, before, tail, limit = "1000" } = asked.query;
    const most = Number(limit);
    let lines = all;
    if (after !== undefined) lines = all.filter((line) => line.n > Number(after)).slice(0, most);
    else if (before !== undefined) lines = all.filter((line) => line.n < Number(before)).slice(-most);
    else if (tail !== undefined) lines = all.slice(-Number(tail));
    reply.json({ lines, next: null, total: all.length });
  }

  #counts(): void {
    for (const { stream, operation } of this.#watchers)
      if (operation === null) stream.line({ type: "counts", counts: this.counts() });
  }

  #tell(line: Record<string, unknown> & { id?: string }): void {
    const cursor = String(++this.#cursor);
    for (const { stream, operation } of this.#watchers)
      if (operation === null || operation === line.id) stream.line({ cursor, ...line });
  }
}
