/**
 * The client of several daemons: the one client, once for each. A request about an operation, a queue or a type goes to
 * the daemon that its key names. A request about all of them goes to all, and one reply is made of their replies. The
 * error of one host hides no reply of another.
 */
import type { Client } from "../../../../protocol/client/client.js";
import { type Methods, Requests } from "../../../../protocol/client/methods.js";
import { Refusal } from "../../../../protocol/errors.js";
import type { Operation } from "../../../../protocol/operation.js";
import type { RouteName } from "../../../../protocol/paths.js";
import type { OperationPage } from "../../../../protocol/replies.js";
import type { ListQuery, LogQuery } from "../../../../protocol/requests.js";
import { bareOf, hostOfKey } from "../../../dashboard/core/key.js";
import type { AllHosts, HostClient } from "./all-hosts.js";
import { HostStreams } from "./follow.js";
import { LINES_AT, MERGED, operationAt, REPLIES_AT } from "./keyed-records.js";
import { AT_FIRST, hasMore, isHungry, type Place, takePage, withPage } from "./paging.js";

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

interface Addressed {
  client: Client;
  host: string;
  /** With the names that the host knows. */
  args: readonly unknown[];
}

class HostsRequests extends Requests {
  /** By the cursor that was given out. */
  readonly #lists = new Map<string, ReadonlyMap<string, Place>>();
  #lastList = 0;

  /** Each host has its own. */
  readonly socket = "";

  readonly several: HostStreams;

  constructor(private readonly all: AllHosts) {
    super();
    this.several = new HostStreams(all);
  }

  async request(name: RouteName, args: readonly unknown[]): Promise<unknown> {
    const [first, second] = args;
    if (name === "list" && !isOfOneHost((first ?? {}) as ListQuery))
      return this.#list((first ?? {}) as ListQuery, second as AbortSignal | undefined);
    if (name === "show" && hostOfKey(first as string) === null)
      return this.#find(first as string, second as AbortSignal | undefined);
    if (name === "hosts") {
      await this.several.askAll(first as AbortSignal | undefined);
      return { fleet: null, hosts: [] };
    }
    const merge = MERGED[name];
    if (merge !== undefined) {
      const ask = (client: Client) => client.request(name, args);
      return merge([...(await this.all.ask(name, ask, first as AbortSignal | undefined))]);
    }
    const { client, host, args: own } = this.#addressed(name, args);
    const reply = await client.request(name, own);
    return REPLIES_AT[name]?.(reply, host) ?? reply;
  }

  /** Streams of one operation, or of ids of one host. `several` watches all operations of all hosts. */
  async *lines(name: RouteName, args: readonly unknown[]): AsyncGenerator<unknown> {
    const { client, host, args: own } = this.#addressed(name, args);
    for await (const line of client.lines(name, own)) yield LINES_AT[name]?.(line, host) ?? line;
  }

  logText(key: string, query?: LogQuery): Promise<string> {
    return this.several.at(key).logText(bareOf(key), query);
  }

  #addressed(name: RouteName, [first, ...rest]: readonly unknown[]): Addressed {
    const by = name === "list" && (first as ListQuery).chain === undefined ? "parent" : NAMED_BY[name];
    const named = by === undefined ? first : (first as Record<string, unknown> | undefined)?.[by];
    const keys = (Array.isArray(named) ? named : [named ?? ""]).map(String);
    const host = hostOfKey(keys[0] ?? "") ?? "";
    const bare = Array.isArray(named) ? keys.map(bareOf) : bareOf(keys[0]!);
    return {
      client: this.all.client(host),
      host,
      args: [by === undefined ? bare : { ...(first as object), [by]: bare }, ...rest],
    };
  }

  /** A prefix without a host, of an operation of any host. */
  async #find(id: string, signal?: AbortSignal): Promise<Operation> {
    const matches: Operation[] = [];
    const refused: Refusal[] = [];
    const asked = this.all.live().map(async ({ name, client }) => {
      try {
        matches.push(operationAt(await client.show(id, signal), name));
      } catch (error) {
        // A host that does not answer may have the operation.
        if (!(error instanceof Refusal)) throw error;
        refused.push(error);
      }
    });
    const failed = (await Promise.allSettled(asked)).find(({ status }) => status === "rejected");
    const [first, second] = matches;
    if (first !== undefined && second === undefined) return first;
    if (first !== undefined)
      throw new Refusal(
        "LIVEOPS_AMBIGUOUS_ID",
        `${id} is on several hosts: ${matches.map((each) => each.id).join(", ")}`,
      );
    if (failed?.status === "rejected") throw failed.reason;
    const isEverywhere = refused.length === this.all.hosts.length;
    if (isEverywhere && refused[0] !== undefined) throw refused[0];
    throw new Error(`no operation ${id} on the hosts that answer`);
  }

  async #list(query: ListQuery, signal?: AbortSignal): Promise<OperationPage> {
    if (query.limit !== 0) return this.#page(query, signal);
    const question = `count ${query.finishedSince ?? ""} ${query.state ?? ""}`;
    const answers = await this.all.ask(question, (client) => client.list(query, signal), signal);
    return page([], null, sum([...answers.values()].map(({ total }) => total)));
  }

  async #page(
    { before, order = "newest", limit = LIST_PAGE, ...query }: ListQuery,
    signal: AbortSignal | undefined,
  ): Promise<OperationPage> {
    const known = before === undefined ? new Map<string, Place>() : this.#lists.get(before);
    if (known === undefined) throw new Error("the list was read too long ago");
    const places = new Map(known);
    const read = async ({ name, client }: HostClient) => {
      const place = places.get(name) ?? AT_FIRST;
      if (!isHungry(place, limit)) return;
      const from = place.next === null ? {} : { before: place.next };
      const page = await client.list({ ...query, order, limit, ...from }, signal);
      const operations = page.operations.map((operation) => operationAt(operation, name));
      places.set(name, withPage(place, { ...page, operations }));
    };
    // A host that does not answer is asked again with the next page.
    await Promise.allSettled(this.all.live().map(read));
    const taken = takePage(places, limit, order);
    const next = hasMore(taken.places.values()) ? this.#keep(taken.places) : null;
    return page(taken.operations, next, sum([...places.values()].map(({ total }) => total)));
  }

  #keep(places: ReadonlyMap<string, Place>): string {
    const cursor = String(++this.#lastList);
    this.#lists.set(cursor, places);
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size <= LISTS_MOST) break;
      this.#lists.delete(oldest);
    }
    return cursor;
  }
}

export type HostsClient = HostsRequests & Methods;
export const HostsClient = HostsRequests as new (
  ...args: ConstructorParameters<typeof HostsRequests>
) => HostsClient;

/** A window of pages of several lists goes one way. */
const page = (operations: Operation[], next: string | null, total: number): OperationPage => ({
  operations,
  next,
  previous: null,
  total,
  cursor: "",
});

const isOfOneHost = ({ chain, parent = "" }: ListQuery): boolean =>
  chain !== undefined || hostOfKey(parent) !== null;

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
