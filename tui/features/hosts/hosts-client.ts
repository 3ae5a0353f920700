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

class HostsRequests extends Requests {
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

  /** The first page of each host that answers. Older operations are listed by their own daemon. */
  async #list(query: ListQuery, signal?: AbortSignal): Promise<OperationPage> {
    const asked = this.several
      .live()
      .map(async ({ name, client }) => replyAt("list", await client.list(query, signal), name));
    const outcomes = await Promise.allSettled(asked);
    const replies = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const sign = query.order === "oldest" ? 1 : -1;
    const operations = replies
      .flatMap((each) => each.operations)
      .sort((a, b) => sign * (Date.parse(a.createdAt) - Date.parse(b.createdAt)));
    const total = replies.reduce((sum, each) => sum + each.total, 0);
    return { operations, next: null, previous: null, total, cursor: "" };
  }
}

export type HostsClient = HostsRequests & Methods;
export const HostsClient = HostsRequests as new (
  ...args: ConstructorParameters<typeof HostsRequests>
) => HostsClient;

const isOfOneHost = ({ chain, parent = "" }: ListQuery): boolean =>
  chain !== undefined || hostOfKey(parent) !== null;
