/**
 * A scripted daemon that holds operations: what a test puts into it reaches every watcher, as the
 * real one does it.
 */

import { waitsForPerson } from "../../../protocol/approval.js";
import { WATCH_PING_MS } from "../../../protocol/limits.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { HistoryReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import { withoutSequences } from "../../../protocol/text/sgr.js";
import { type Counts, NO_COUNTS } from "../../../protocol/watch.js";
import type { Why } from "../../../protocol/why.js";
import { type Asked, FakeDaemon, type Reply, type Stream } from "../../harness/fake-daemon.js";

interface Watcher {
  stream: Stream;
  operation: string | null;
  sent: number;
}

export class World {
  readonly operations = new Map<string, Operation>();
  readonly lines = new Map<string, LogLine[]>();
  /** What the replies have besides; `next` comes of the operations where it is not given. */
  readonly histories = new Map<string, Partial<HistoryReply>>();
  /** What the daemon tells of failures, by id. */
  readonly whys = new Map<string, Why>();
  /** Lines that one request looks through for a filter; the real daemon counts bytes. */
  looksThrough = Number.POSITIVE_INFINITY;
  readonly #watchers = new Set<Watcher>();
  #cursor = 0;

  private constructor(readonly daemon: FakeDaemon) {
    daemon
      .on("GET", "/v1/watch", (asked, reply) => this.#watch(asked, reply))
      .on("GET", "/v1/operations", (asked, reply) => this.#list(asked, reply))
      .on("GET", /^\/v1\/ops\/[^/]+\/history$/, (asked, reply) => {
        const op = asked.path.split("/")[3]!;
        const none = { op, runs: 0, finished: 0, seconds: null, stages: {}, recent: [] };
        reply.json({ ...none, next: this.#followers(op), ...this.histories.get(op) });
      })
      .on("GET", /^\/v1\/operations\/[^/]+$/, (asked, reply) => {
        const id = asked.path.split("/")[3]!;
        const found = [...this.operations.values()].find((operation) =>
          operation.id.startsWith(id),
        );
        if (found) reply.json(found);
        else reply.refuse("LIVEOPS_NO_SUCH_OPERATION", `no operation ${id}; see: liveops ls`);
      })
      .on("GET", /^\/v1\/operations\/[^/]+\/why$/, (asked, reply) => {
        const why = this.whys.get(asked.path.split("/")[3]!);
        if (why) reply.json(why);
        else reply.refuse("LIVEOPS_NO_SUCH_OPERATION", "not in this scene");
      })
      .on("GET", /\/log$/, (asked, reply) => this.#log(asked, reply));
  }

  static async start(): Promise<World> {
    return new World(await FakeDaemon.start());
  }

  get socket(): string {
    return this.daemon.socket;
  }

  /** What the succeeded operations of the type handed over to. */
  #followers(op: string): HistoryReply["next"] {
    const followers = new Map<string, HistoryReply["next"][number]>();
    for (const { op: own, state, chain } of this.operations.values()) {
      const next =
        own === op && state === "succeeded" ? this.operations.get(chain.next ?? "") : undefined;
      if (next === undefined) continue;
      const runs = (followers.get(next.op)?.runs ?? 0) + 1;
      followers.set(next.op, { op: next.op, title: next.title, runs });
    }
    return [...followers.values()].sort((a, b) => b.runs - a.runs);
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
    const all = [...held, ...fresh];
    this.lines.set(id, all);
    // As the daemon counts them, unless a test says that there are more.
    const operation = this.operations.get(id);
    if (operation !== undefined && operation.logLines < all.length)
      this.operations.set(id, { ...operation, logLines: all.length });
    for (const watcher of this.#watchers) if (watcher.operation === id) this.#sendLog(watcher);
  }

  counts(): Counts {
    const counts = { ...NO_COUNTS };
    for (const operation of this.operations.values()) {
      if (waitsForPerson(operation)) counts.toAnswer++;
      else if (operation.parent === undefined) counts[operation.state]++;
    }
    return counts;
  }

  /** Resolves once a dashboard watches the list. */
  async watched(): Promise<void> {
    await this.daemon.request(
      ({ path, query }) => path === "/v1/watch" && query.operation === undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
  }

  #watch(asked: Asked, reply: Reply): void {
    const stream = reply.stream();
    const { operation = null, logAfter = "0" } = asked.query;
    const watcher: Watcher = { stream, operation, sent: Number(logAfter) };
    const operations = this.#watched(operation, Number(asked.query.limit ?? "200"));
    stream.line({
      type: "snapshot",
      cursor: String(this.#cursor),
      operations,
      counts: this.counts(),
    });
    this.#watchers.add(watcher);
    const pings = setInterval(() => stream.line({ type: "ping" }), WATCH_PING_MS);
    void stream.closed.then(() => {
      clearInterval(pings);
      this.#watchers.delete(watcher);
    });
    if (operation !== null) this.#sendLog(watcher);
  }

  /** All live and the newest finished ones, or the one that is asked for. */
  #watched(id: string | null, limit: number): Operation[] {
    const all = [...this.operations.values()];
    if (id !== null) return all.filter((operation) => operation.id === id);
    const finished = all.filter(({ state }) => isFinal(state)).sort(newestFirst);
    return [...all.filter(({ state }) => !isFinal(state)), ...finished.slice(0, limit)];
  }

  #list(asked: Asked, reply: Reply): void {
    const { chain, q, op, state, limit = "50", order = "newest", before } = asked.query;
    const { finishedSince, parent } = asked.query;
    const has = ({ id, title, label }: Operation, text: string) =>
      `${id} ${title} ${label ?? ""}`.toLowerCase().includes(text.toLowerCase());
    const all = [...this.operations.values()]
      .filter((operation) => chain === undefined || operation.chain.id === chain)
      .filter((it) => parent === undefined || (it.parent?.id ?? "none") === parent)
      .filter((operation) => q === undefined || has(operation, q) || operation.op.includes(q))
      .filter((operation) => op === undefined || operation.op === op)
      .filter((operation) => state === undefined || state.split(",").includes(operation.state))
      .filter(
        ({ finishedAt }) => finishedSince === undefined || (finishedAt ?? "") >= finishedSince,
      )
      .sort(newestFirst);
    // A place counts from the newest operation.
    const [page, next, previous] = pageOf(all, order === "oldest", before, Number(limit));
    reply.json({ operations: page, next, previous, total: all.length, cursor: "0" });
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
    const { after = "0", before, tail, limit = "1000", match, stage, step, stream } = asked.query;
    const backwards = before !== undefined || tail !== undefined;
    const rest = all.filter(
      ({ n }) => n > Number(after) && (before === undefined || n < Number(before)),
    );
    const looked =
      match === undefined && stage === undefined && step === undefined && stream === undefined
        ? all.length
        : this.looksThrough;
    const part = backwards ? rest.slice(-looked) : rest.slice(0, looked);
    const fits = part
      .filter(
        (line) =>
          match === undefined ||
          withoutSequences(line.text).toLowerCase().includes(match.toLowerCase()),
      )
      .filter((line) => stage === undefined || line.stage === stage)
      .filter((line) => step === undefined || line.step === step)
      .filter((line) => stream === undefined || line.stream === stream);
    const most = Math.min(Number(limit), Number(tail ?? limit));
    const lines = backwards ? fits.slice(-most) : fits.slice(0, most);
    const seen = lines.length < fits.length ? lines : part;
    const more = seen !== part || part.length < rest.length;
    const next = more ? ((backwards ? seen[0] : seen.at(-1))?.n ?? null) : null;
    reply.json({ lines, next, total: all.length });
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

/** A page of what is sorted newest first, with the places to go on from and to come back from. */
function pageOf(
  all: readonly Operation[],
  isOldest: boolean,
  before: string | undefined,
  limit: number,
): [Operation[], string | null, string | null] {
  const ordered = isOldest ? all.toReversed() : all;
  const place = (index: number) => String(isOldest ? all.length - 1 - index : index);
  let at = -1;
  if (before !== undefined) at = isOldest ? all.length - 1 - Number(before) : Number(before);
  const page = ordered.slice(at + 1, at + 1 + limit);
  const last = at + page.length;
  return [
    page,
    last < all.length - 1 && page.length > 0 ? place(last) : null,
    page.length > 0 ? place(at + 1) : null,
  ];
}

function newestFirst(a: Operation, b: Operation): number {
  if (a.createdAt === b.createdAt) return a.id < b.id ? -1 : 1;
  return a.createdAt < b.createdAt ? 1 : -1;
}
