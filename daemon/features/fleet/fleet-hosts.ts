/** The hosts of a fleet, as the engine knows them: every host replies the same. */
import { freemem, loadavg, totalmem } from "node:os";
import { isOfAMachine } from "../../../protocol/environment.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Blocked } from "../../../protocol/operation.js";
import type { EngineState, HostReply, HostsReply } from "../../../protocol/replies.js";
import { ownMemory } from "../../../protocol/system/own-process.js";
import { nearest } from "../../../protocol/text/nearest.js";
import type { Hosts, Placeable, Placement } from "../../hosts/hosts.js";
import type { Loader } from "../../loader/loader.js";
import type { Entry } from "../../store/decision.js";
import { sourceOf } from "../../store/entry-events.js";
import { EngineAwayError } from "./engine/errors.js";
import type { FleetEngine } from "./engine/fleet-engine.js";
import { tagsOf } from "./engine/indexed.js";
import type { HostRow, TypeRow } from "./engine/rows.js";

/** Part of `lostAfter` after which a host that does not renew is shown as unreachable. */
const UNREACHABLE_PART = 0.1;

interface FleetHostsOptions {
  engine: FleetEngine;
  /** Of this host. */
  name: string;
  tags: readonly string[];
  loader: Pick<Loader, "has" | "isBroken" | "isMissing" | "typeCount">;
  /** Whether the engine waits for what the hosts know. */
  isHeld(): boolean;
  /** Operations may start here again. */
  onUndrained(): void;
  /** Why queued operations cannot start may have changed. */
  onChange(): void;
}

/** The status that a host publishes with each renewal. */
interface HostStatus {
  load: number | null;
  memory: HostReply["memory"];
  skewMs: number;
  types: number;
}

export class FleetHosts implements Hosts {
  isDraining = false;
  /** By the last answer of the engine. */
  rows: readonly HostRow[] = [];
  types: readonly TypeRow[] = [];
  awaySince: string | null = null;
  synchronous: boolean | null = null;
  readonly #since = new Date().toISOString();

  constructor(private readonly options: FleetHostsOptions) {}

  get name(): string {
    return this.options.name;
  }

  /** For the renewal of the lease. */
  status(): HostStatus {
    const { engine, loader } = this.options;
    const { rss, heapUsed } = ownMemory();
    return {
      load: loadavg()[0] ?? null,
      memory: rss === null ? null : { rss, heapUsed, free: freemem(), total: totalmem() },
      skewMs: -engine.skewMs,
      types: loader.typeCount,
    };
  }

  engine(): EngineState {
    const problems: string[] = [];
    if (this.options.isHeld())
      problems.push(
        "the engine lost writes: nothing is recorded until each host has offered what it knows",
      );
    if (this.synchronous === false)
      problems.push("the engine has no synchronous replica: a failover can lose the last writes");
    return {
      address: this.options.engine.describe(),
      awaySince: this.awaySince,
      synchronous: this.synchronous,
      problems,
    };
  }

  async describe(): Promise<HostsReply> {
    await this.refresh().catch((error: unknown) => {
      if (!(error instanceof EngineAwayError) || this.rows.length === 0) throw error;
    });
    return { engine: this.engine(), hosts: this.rows.map(replyOf) };
  }

  /** By what is known of the host; infinite where it does not run. */
  slotsOf(name: string): number {
    const row = this.rows.find((each) => each.name === name);
    return row?.state === "up" ? row.slots : Number.POSITIVE_INFINITY;
  }

  /** Asks the engine for the hosts. */
  async refresh(): Promise<readonly HostRow[]> {
    const before = this.rows.map(placeOf).join();
    // What is known must do while the engine is away: the journal notices when it is back.
    if (this.awaySince !== null && this.rows.length > 0) return this.rows;
    this.rows = await this.options.engine.hosts();
    if (this.rows.map(placeOf).join() !== before) this.options.onChange();
    return this.rows;
  }

  async declareLost(name: string): Promise<HostsReply> {
    const row = await this.#known(name);
    if (name === this.options.name)
      throw new Refusal(
        "LIVEOPS_WRONG_STATE",
        `the host ${name} answers this request, so it is not lost; stop it with: liveops stop`,
      );
    if (row.state !== "up")
      throw new Refusal("LIVEOPS_WRONG_STATE", `the host ${name} is ${row.state} already`);
    await this.options.engine.declareLost(name, row.session, null);
    return this.describe();
  }

  async drain(isDraining: boolean): Promise<HostsReply> {
    const { name, engine } = this.options;
    await engine.drain(name, isDraining);
    this.drained(isDraining);
    return this.describe();
  }

  /** Takes over from the engine whether this host drains. */
  drained(isDraining: boolean): void {
    if (isDraining === this.isDraining) return;
    this.isDraining = isDraining;
    if (!isDraining) this.options.onUndrained();
    this.options.onChange();
  }

  async checkPlacement({ on }: Placement): Promise<void> {
    const isKnown = () => on == null || this.rows.some(({ name }) => name === on);
    // A host that has just joined is known to the engine first.
    if (!isKnown()) await this.refresh().catch(() => {});
    if (on == null || isKnown()) return;
    const names = this.rows.map(({ name }) => name);
    throw new Refusal(
      "LIVEOPS_NO_SUCH_HOST",
      `there is no host ${JSON.stringify(on)} in the fleet; hosts: ${names.join(", ")}`,
      { nearest: nearest(on, names) },
    );
  }

  /**
   * A directory and variables such as `PATH` name places of the submitter's machine: they are valid
   * only where the operation must run there. Values of secret parameters never leave that machine.
   *
   * @throws Refusal where the operation has secrets and may not run here
   */
  place<B extends Placeable>(body: B): B {
    const { name: host } = this.options;
    const hasSecrets = Object.keys(body.secrets ?? {}).length > 0;
    const on = body.on ?? (hasSecrets ? host : undefined);
    if (hasSecrets && on !== host)
      throw new Refusal(
        "LIVEOPS_BAD_REQUEST",
        `the values of secret parameters stay on the host that takes the submit; submit the operation on ${on}`,
      );
    if (on === host) return { ...body, on: host };
    const { cwd: _, env, ...rest } = body;
    const kept = Object.entries(env ?? {}).filter(([name]) => !isOfAMachine(name));
    return { ...rest, ...(env && { env: Object.fromEntries(kept) }) } as B;
  }

  /**
   * Whether this host may run the operation. One whose type does not load here waits for a host
   * that has the type, and fails here where none has it.
   */
  fits(entry: Entry): boolean {
    const { name, tags, loader } = this.options;
    const { on, op } = entry.record;
    if (!isPlaced(entry, name, tags)) return false;
    if (on === name || sourceOf(entry) !== null) return true;
    return loader.isBroken(op) ? !this.#isElsewhere(op) : !loader.isMissing(op);
  }

  /** Whether another host that is up has the type. */
  #isElsewhere(op: string): boolean {
    return this.rows.some(({ name, state }) => {
      const isOther = state === "up" && name !== this.options.name;
      return isOther && this.types.some((type) => type.host === name && type.op === op);
    });
  }

  blocked(entry: Entry): Blocked | null {
    const since = this.awaySince;
    if (since !== null)
      return { reason: "the fleet's engine does not answer: no operation starts", since };
    const reason = this.#whyNowhere(entry);
    return reason === null ? null : { reason, since: entry.record.updatedAt ?? this.#since };
  }

  #whyNowhere(entry: Entry): string | null {
    const { on, op } = entry.record;
    const placed = this.rows.filter(({ name, tags }) => isPlaced(entry, name, tags));
    const open = placed.filter(({ state, draining }) => state === "up" && !draining);
    if (open.some(({ name }) => this.#has(name, op))) return null;
    if (on && placed.length > 0 && open.length === 0) {
      const { state, draining } = placed[0]!;
      return `it runs only on ${on}, which ${draining && state === "up" ? "drains" : `is ${state}`}; to run it elsewhere: liveops cancel ${entry.record.id}, then liveops again ${entry.record.id} --on HOST`;
    }
    if (open.length > 0) return `no host that may run it has the type ${op}`;
    const tags = tagsOf(entry.record);
    const where = tags.length > 0 ? ` with the tags ${tags.join(", ")}` : "";
    return placed.length > 0
      ? `all hosts${where} drain or are lost`
      : `no host of the fleet${where} may run it`;
  }

  #has(host: string, op: string): boolean {
    // What this host has published may be older than its files.
    if (host === this.options.name && this.options.loader.has(op)) return true;
    // A host that has published nothing yet may have the type.
    const its = this.types.filter((type) => type.host === host);
    return its.length === 0 || its.some((type) => type.op === op);
  }

  async #known(name: string): Promise<HostRow> {
    await this.refresh();
    await this.checkPlacement({ on: name });
    return this.rows.find((row) => row.name === name)!;
  }
}

/** Whether a host with these tags may run the operation, by its submit and its type. */
function isPlaced(entry: Entry, host: string, tags: readonly string[]): boolean {
  const { on } = entry.record;
  return (!on || on === host) && tagsOf(entry.record).every((tag) => tags.includes(tag));
}

/** What decides where operations may run. */
function placeOf({ name, state, draining, tags, typesHash }: HostRow): string {
  return [name, state, draining, typesHash, ...tags].join(" ");
}

function replyOf(row: HostRow): HostReply {
  const {
    name,
    session,
    tags,
    slots,
    running,
    draining,
    version,
    joinedAt,
    renewedAt,
    silent,
    lostAfter,
  } = row;
  const status = row.status as Partial<HostStatus>;
  const isUnreachable = row.state === "up" && silent > lostAfter * UNREACHABLE_PART;
  const state = isUnreachable ? "unreachable" : row.state;
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    name,
    state,
    session,
    tags,
    slots,
    running: Number(running),
    draining,
    version,
    since: state === "up" ? null : iso(renewedAt),
    load: status.load ?? null,
    memory: status.memory ?? null,
    joinedAt: iso(joinedAt),
    renewedAt: iso(renewedAt),
    skewMs: status.skewMs ?? null,
    types: status.types ?? 0,
  };
}
