/**
 * The client of several daemons: the one client, once for each. A request about an operation, a queue or a type goes to
 * the daemon that its key names. A request about all of them goes to all, and one reply is made of their replies. The
 * error of one host hides no reply of another.
 */
import { type Methods, Requests } from "../../../protocol/client/methods.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import type { RouteName } from "../../../protocol/paths.js";
import type { OperationPage } from "../../../protocol/replies.js";
import type { ListQuery, LogQuery } from "../../../protocol/requests.js";
import { bareOf, hostOfKey } from "../../dashboard/core/key.js";
import type { HostClient, Hosts } from "./hosts.js";
import { lineAt, MERGED, replyAt } from "./keyed.js";

/** Lists whose next pages are kept. */
const LISTS_MOST = 64;

const LIST_PAGE = 200;

/** The key of the query or body that names the host, where no value of the path does. */
const NAMED_BY: Partial<Record<RouteName, string>> = {
  submit: "op",
  list: "chain",
  watch: "operation",
  cancelAll: "ids",
  retryAll: "ids",
  removeAll: "ids",
  pauseQueue: "queue",
  resumeQueue: "queue",
};

/** How far the list of a host was read. */
interface Place {
  /** Where its next page begins; undefined: at its first page, null: nowhere. */
  readonly next: string | null | undefined;
  /** Read, and not on a page yet: no page skips an operation of a slower list. */
  readonly waiting: readonly Operation[];
  readonly total: number;
}

const AT_FIRST: Place = { next: undefined, waiting: [], total: 0 };

class HostsRequests extends Requests {
  /** By the cursor that was given out. */
  readonly #lists = new Map<string, ReadonlyMap<string, Place>>();
  #lastList = 0;

  /** Each host has its own. */
  readonly socket = "";

  constructor(readonly several: Hosts) {
    super();
  }

  async request(name: RouteName, args: readonly unknown[]): Promise<unknown> {
    const [first, second] = args;
    if (name === "list" && !isOfOneHost((first ?? {}) as ListQuery))
      return this.#list((first ?? {}) as ListQuery, second as AbortSignal | undefined);
    if (name === "show" && hostOfKey(first as string) === null)
      return this.#find(first as string, second as AbortSignal | undefined);
    if (name === "hosts") return this.#hosts(first as AbortSignal | undefined);
    const merge = MERGED[name];
    if (merge !== undefined) {
      const ask = async (host: HostClient) => replyAt(name, await host.client.request(name, args), host.name);
      return merge([...(await this.several.ask(name, ask, first as AbortSignal | undefined))]);
    }
    const { client, host, args: own } = this.#addressed(name, args);
    return replyAt(name, await client.request(name, own), host);
  }

  /** Streams of one operation, or of ids of one host. `several` watches all operations of all hosts. */
  async *lines(name: RouteName, args: readonly unknown[]): AsyncGenerator<unknown> {
    const { client, host, args: own } = this.#addressed(name, args);
    for await (const line of client.lines(name, own)) yield lineAt(line as { type: string }, host);
  }

  logText(key: string, query?: LogQuery): Promise<string> {
    return this.several.at(key).logText(bareOf(key), query);
  }

  /** The daemon of the request, and the arguments with the names that it knows. */
  #addressed(name: RouteName, [first, ...rest]: readonly unknown[]) {
    const by = name === "list" && (first as ListQuery).chain === undefined ? "parent" : NAMED_BY[name];
    const named = by === undefined ? first : (first as Record<string, unknown> | undefined)?.[by];
    const keys = (Array.isArray(named) ? named : [named ?? ""]).map(String);
    const host = hostOfKey(keys[0] ?? "") ?? "";
    const bare = Array.isArray(named) ? keys.map(bareOf) : bareOf(keys[0]!);
    const own = by === undefined ? bare : { ...(first as object), [by]: bare };
    return { client: this.several.client(host), host, args: [own, ...rest] };
  }

  /** What each daemon reports of itself; the watch streams tell which of them answer. */
  async #hosts(signal?: AbortSignal) {
    const { several } = this;
    const report = async ({ name, client }: HostClient) => {
      const [reply, { hosts }] = await Promise.all([client.daemon(signal), client.hosts(signal)]);
      several.report(name, reply, hosts.find((each) => each.name === reply.host) ?? hosts[0]);
    };
    await several.ask("hosts", report, signal);
    return several.told();
  }

  /** A prefix without a host, of an operation of any host. */
  async #find(id: string, signal?: AbortSignal): Promise<Operation> {
    const asked = this.several
      .live()
      .map(async ({ name, client }) => replyAt("show", await client.show(id, signal), name));
    const outcomes = await Promise.allSettled(asked);
    const matches = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    if (matches.length > 1) {
      const ids = matches.map((each) => each.id).join(", ");
      throw new Refusal("LIVEOPS_AMBIGUOUS_ID", `${id} is on several hosts: ${ids}`);
    }
    if (matches[0] !== undefined) return matches[0];
    const errors = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    const lost = errors.find((error) => !(error instanceof Refusal));
    if (lost !== undefined) throw lost;
    // A host that does not answer may have the operation.
    if (errors.length > 0 && errors.length === this.several.clients.length) throw errors[0];
    throw new Error(`no operation ${id} on the hosts that answer`);
  }

  async #list(query: ListQuery, signal?: AbortSignal): Promise<OperationPage> {
    if (query.limit !== 0) return this.#page(query, signal);
    const question = `count ${query.finishedSince ?? ""} ${query.state ?? ""}`;
    const replies = await this.several.ask(question, ({ client }) => client.list(query, signal), signal);
    return page([], null, [...replies.values()]);
  }

  async #page(
    { before, order = "newest", limit = LIST_PAGE, ...query }: ListQuery,
    signal: AbortSignal | undefined,
  ): Promise<OperationPage> {
    const known = before === undefined ? new Map<string, Place>() : this.#lists.get(before);
    if (known === undefined) throw new Error("the list was read too long ago");
    const places = new Map(known);
    const read = async ({ name, client }: HostClient) => {
      const { next, waiting } = places.get(name) ?? AT_FIRST;
      if (next === null || waiting.length >= limit) return;
      const from = next === undefined ? {} : { before: next };
      const reply = replyAt("list", await client.list({ ...query, order, limit, ...from }, signal), name);
      places.set(name, { ...reply, waiting: [...waiting, ...reply.operations] });
    };
    // A host that does not answer is asked again with the next page.
    await Promise.allSettled(this.several.live().map(read));
    const sign = order === "oldest" ? 1 : -1;
    const all = [...places.values()].flatMap(({ waiting }) => waiting);
    const sorted = all.toSorted((a, b) => sign * (Date.parse(a.createdAt) - Date.parse(b.createdAt)));
    const taken = new Set(sorted.slice(0, limit));
    for (const [name, place] of places)
      places.set(name, { ...place, waiting: place.waiting.filter((each) => !taken.has(each)) });
    const hasMore = [...places.values()].some(({ next, waiting }) => next !== null || waiting.length > 0);
    return page([...taken], hasMore ? this.#keep(places) : null, [...places.values()]);
  }

  #keep(places: ReadonlyMap<string, Place>): string {
    const cursor = String(++this.#lastList);
    this.#lists.set(cursor, places).delete(String(this.#lastList - LISTS_MOST));
    return cursor;
  }
}

export type HostsClient = HostsRequests & Methods;
export const HostsClient = HostsRequests as new (
  ...args: ConstructorParameters<typeof HostsRequests>
) => HostsClient;

/** A window of pages of several lists goes one way. */
function page(
  operations: Operation[],
  next: string | null,
  replies: ReadonlyArray<{ readonly total: number }>,
): OperationPage {
  const total = replies.reduce((sum, each) => sum + each.total, 0);
  return { operations, next, previous: null, total, cursor: "" };
}

const isOfOneHost = ({ chain, parent = "" }: ListQuery): boolean =>
  chain !== undefined || hostOfKey(parent) !== null;
