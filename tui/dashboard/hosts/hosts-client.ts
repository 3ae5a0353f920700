/**
 * The client of several daemons: what is about an operation, a queue or a type goes to the daemon that its key names;
 * what is about all of them is asked of all and put together. The error of one host hides no answer of another.
 */
import type { Client } from "../../../protocol/client/client.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply, OperationPage, TypesReply } from "../../../protocol/replies.js";
import type { ListQuery } from "../../../protocol/requests.js";
import type { SelectionLine } from "../../../protocol/stream-lines.js";
import type { DashboardClient } from "../dashboard-client.js";
import { bareOf, hostOfKey } from "../state/host-key.js";
import type { AllHosts, HostClient } from "./all-hosts.js";
import { AT_FIRST, hasMore, isHungry, type Place, takePage, withPage } from "./paging.js";
import {
  eventAt,
  forecastAt,
  historyAt,
  operationAt,
  queueAt,
  scheduleAt,
  typesAt,
  watchLineAt,
} from "./qualify.js";

/** Lists whose next pages are kept. */
const LISTS_MOST = 64;

const LIST_PAGE = 200;

export class HostsClient implements DashboardClient {
  /** By the cursor that was given out. */
  readonly #lists = new Map<string, ReadonlyMap<string, Place>>();
  #lastList = 0;

  /** Each host has its own. */
  readonly socket = "";

  constructor(private readonly all: AllHosts) {}

  hostNamed(name: string): Client {
    return this.all.client(name);
  }

  #at(key: string): { client: Client; id: string; host: string } {
    const host = hostOfKey(key) ?? "";
    return { client: this.hostNamed(host), id: bareOf(key), host };
  }

  async #about(key: string, ask: (client: Client, id: string) => Promise<Operation>): Promise<Operation> {
    const { client, id, host } = this.#at(key);
    return operationAt(await ask(client, id), host);
  }

  submit: DashboardClient["submit"] = (body, key, signal) =>
    this.#about(body.op, (client, op) => client.submit({ ...body, op }, key, signal));

  again: DashboardClient["again"] = (id, body, key, signal) =>
    this.#about(id, (client, bare) => client.again(bare, body, key, signal));

  edit: DashboardClient["edit"] = (id, body, signal) =>
    this.#about(id, (client, bare) => client.edit(bare, body, signal));

  cancel: DashboardClient["cancel"] = (id, signal) =>
    this.#about(id, (client, bare) => client.cancel(bare, signal));

  pause: DashboardClient["pause"] = (id, signal) =>
    this.#about(id, (client, bare) => client.pause(bare, signal));

  resume: DashboardClient["resume"] = (id, signal) =>
    this.#about(id, (client, bare) => client.resume(bare, signal));

  remove: DashboardClient["remove"] = (id, signal) =>
    this.#about(id, (client, bare) => client.remove(bare, signal));

  retry: DashboardClient["retry"] = (id, body, signal) =>
    this.#about(id, (client, bare) => client.retry(bare, body, signal));

  cancelAll: DashboardClient["cancelAll"] = (body, signal) => this.#all("cancelAll", body, signal);
  retryAll: DashboardClient["retryAll"] = (body, signal) => this.#all("retryAll", body, signal);
  removeAll: DashboardClient["removeAll"] = (body, signal) => this.#all("removeAll", body, signal);

  /** The ids are of one host. */
  async *#all<N extends "cancelAll" | "retryAll" | "removeAll">(
    name: N,
    { ids = [], ...rest }: Parameters<Client[N]>[0],
    signal?: AbortSignal,
  ): AsyncGenerator<SelectionLine> {
    const { client, host } = this.#at(ids[0] ?? "");
    for await (const line of client[name]({ ...rest, ids: ids.map(bareOf) }, signal))
      yield line.type === "changed" ? { ...line, operation: operationAt(line.operation, host) } : line;
  }

  show: DashboardClient["show"] = (id, signal) =>
    hostOfKey(id) === null
      ? this.#find(id, signal)
      : this.#about(id, (client, bare) => client.show(bare, signal));

  /** A prefix without a host, of an operation of any host. */
  async #find(id: string, signal?: AbortSignal): Promise<Operation> {
    const found: Operation[] = [];
    const refused: Refusal[] = [];
    const asked = this.all.live().map(async ({ name, client }) => {
      try {
        found.push(operationAt(await client.show(id, signal), name));
      } catch (error) {
        // What cannot be asked may be there.
        if (!(error instanceof Refusal)) throw error;
        refused.push(error);
      }
    });
    const failed = (await Promise.allSettled(asked)).find(({ status }) => status === "rejected");
    const [first, second] = found;
    if (first !== undefined && second === undefined) return first;
    if (first !== undefined)
      throw new Refusal(
        "LIVEOPS_AMBIGUOUS_ID",
        `${id} is on several hosts: ${found.map((each) => each.id).join(", ")}`,
      );
    if (failed?.status === "rejected") throw failed.reason;
    const isEverywhere = refused.length === this.all.hosts.length;
    if (isEverywhere && refused[0] !== undefined) throw refused[0];
    throw new Error(`no operation ${id} on the hosts that answer`);
  }

  log: DashboardClient["log"] = (id, query, signal) => {
    const at = this.#at(id);
    return at.client.log(at.id, query, signal);
  };

  logPages: DashboardClient["logPages"] = (id, query, signal) => {
    const at = this.#at(id);
    return at.client.logPages(at.id, query, signal);
  };

  logText: DashboardClient["logText"] = (id, query) => {
    const at = this.#at(id);
    return at.client.logText(at.id, query);
  };

  async *events(...[key, query, signal]: Parameters<DashboardClient["events"]>) {
    const { client, id, host } = this.#at(key);
    for await (const line of client.events(id, query, signal)) yield eventAt(line, host);
  }

  /** Of one operation. All operations of all hosts are watched by `watchHosts`. */
  async *watch(...[query = {}, signal]: Parameters<DashboardClient["watch"]>) {
    const { client, id, host } = this.#at(query.operation ?? "");
    for await (const line of client.watch({ ...query, operation: id }, signal)) yield watchLineAt(line, host);
  }

  history: DashboardClient["history"] = async (op, key, signal) => {
    const { client, id, host } = this.#at(op);
    return historyAt(await client.history(id, key, signal), host);
  };

  types: DashboardClient["types"] = async (signal) => {
    const answers = await this.all.ask("types", (client) => client.types(signal), signal);
    const all: TypesReply = { ops: [], errors: [], withoutType: [], notLoaded: [], shadowed: [] };
    for (const [host, reply] of answers) {
      const { ops, errors, withoutType, notLoaded, shadowed } = typesAt(reply, host);
      all.ops.push(...ops);
      all.errors.push(...errors);
      all.withoutType.push(...withoutType);
      all.notLoaded.push(...notLoaded);
      all.shadowed.push(...shadowed);
    }
    return all;
  };

  /** The queues are empty when the last one is. */
  forecast: DashboardClient["forecast"] = async (signal) => {
    const answers = await this.all.ask("forecast", (client) => client.forecast(signal), signal);
    const all: ForecastReply = { at: new Date().toISOString(), emptyAt: null, operations: {} };
    for (const [host, reply] of answers) {
      const { emptyAt, operations } = forecastAt(reply, host);
      if (emptyAt !== null && (all.emptyAt === null || emptyAt > all.emptyAt)) all.emptyAt = emptyAt;
      Object.assign(all.operations, operations);
    }
    return all;
  };

  queues: DashboardClient["queues"] = async (signal) => {
    const answers = await this.all.ask("queues", (client) => client.queues(signal), signal);
    return {
      queues: [...answers].flatMap(([host, { queues }]) => queues.map((queue) => queueAt(queue, host))),
    };
  };

  schedules: DashboardClient["schedules"] = async (signal) => {
    const answers = await this.all.ask("schedules", (client) => client.schedules(signal), signal);
    return {
      schedules: [...answers].flatMap(([host, { schedules }]) =>
        schedules.map((schedule) => scheduleAt(schedule, host)),
      ),
    };
  };

  list: DashboardClient["list"] = async (query = {}, signal) => {
    const { chain, before = null, order = "newest" } = query;
    const limit = Number(query.limit ?? LIST_PAGE);
    if (chain !== undefined) {
      const { client, id, host } = this.#at(chain);
      const page = await client.list({ ...query, chain: id }, signal);
      return { ...page, operations: page.operations.map((operation) => operationAt(operation, host)) };
    }
    if (limit === 0) {
      const question = `count ${query.finishedSince ?? ""}`;
      const answers = await this.all.ask(question, (client) => client.list(query, signal), signal);
      return page([], null, sum([...answers.values()].map(({ total }) => total)));
    }
    return this.#page({ ...query, order, limit }, before, signal);
  };

  async #page(
    { before: _, ...query }: ListQuery & { limit: number; order: "newest" | "oldest" },
    before: string | null,
    signal: AbortSignal | undefined,
  ): Promise<OperationPage> {
    const known = before === null ? new Map<string, Place>() : this.#lists.get(before);
    if (known === undefined) throw new Error("the list was read too long ago");
    const places = new Map(known);
    const read = async ({ name, client }: HostClient) => {
      const place = places.get(name) ?? AT_FIRST;
      if (!isHungry(place, query.limit)) return;
      const from = place.next === null ? {} : { before: place.next };
      const told = await client.list({ ...query, ...from }, signal);
      const operations = told.operations.map((operation) => operationAt(operation, name));
      places.set(name, withPage(place, { ...told, operations }));
    };
    // A host that does not answer is asked again with the next page.
    await Promise.allSettled(this.all.live().map(read));
    const taken = takePage(places, query.limit, query.order);
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

  // What each host tells of itself comes with its stream.
  hosts = () => Promise.reject(new Error("each host is asked for itself"));
  daemon = () => Promise.reject(new Error("each host is asked for itself"));
  drain = () => Promise.reject(new Error("each host is drained by itself"));
  declareLost = () => Promise.reject(new Error("only a fleet declares hosts lost"));

  pauseQueue: DashboardClient["pauseQueue"] = (key = "", signal) => {
    const { client, id } = this.#at(key);
    return client.pauseQueue(id, signal);
  };

  resumeQueue: DashboardClient["resumeQueue"] = (key = "", signal) => {
    const { client, id } = this.#at(key);
    return client.resumeQueue(id, signal);
  };

  pauseSchedule: DashboardClient["pauseSchedule"] = (key, signal) => {
    const { client, id } = this.#at(key);
    return client.pauseSchedule(id, signal);
  };

  resumeSchedule: DashboardClient["resumeSchedule"] = (key, signal) => {
    const { client, id } = this.#at(key);
    return client.resumeSchedule(id, signal);
  };
}

/** A window of pages of several lists goes one way. */
const page = (operations: Operation[], next: string | null, total: number): OperationPage => ({
  operations,
  next,
  previous: null,
  total,
  cursor: "",
});

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
