/**
 * A fleet of real daemons on one PostgreSQL server: each host has a world and a relay of its own,
 * and all operations write their effects to one file.
 *
 * `await using fleet = await FleetWorld.start({ hosts: { a: {}, b: {} } })` ends all of it at the
 * end of the scope; the test fails where a process, a socket or a directory is left.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createSchema } from "../../../daemon/features/fleet/create-schema.js";
import { LiveopsError } from "../../../protocol/errors.js";
import { newId } from "../../../protocol/id.js";
import type { Operation } from "../../../protocol/operation.js";
import type { HostReply } from "../../../protocol/replies.js";
import type { SubmitBody } from "../../../protocol/requests.js";
import { until } from "../../../protocol/system/until.js";
import { eventually } from "../../faults/start.js";
import { Postgres } from "../../harness/postgres.js";
import { Relay } from "../../harness/relay.js";
import type { History, Strike, Told } from "./checker.js";
import { type Effect, now, readEffects } from "./effects.js";
import { FleetHost, type HostOptions } from "./fleet-host.js";

export interface FleetOptions {
  /** By name. */
  hosts: Record<string, HostOptions>;
  /** Seconds. Default: 3. */
  lostAfter?: number;
  /** Files of the operations directory of every host, beside those of `operations/`. */
  ops?: Record<string, string>;
}

/** The user as whom hosts connect. */
const HOST_USER = "a_host";

/** Types that a later attempt continues. */
const RESUMABLE = new Set(["works-on", "spins", "resumes"]);

/** The types that note their effects. */
const OPS = Object.fromEntries(
  ["works.mjs", "spins.mjs", "pours.mjs", "fails-once.mjs"].map((name) => [
    name,
    readFileSync(new URL(`./operations/${name}`, import.meta.url), "utf8"),
  ]),
);

export class FleetWorld implements AsyncDisposable {
  /** Listens on a Unix socket alone: hosts reach it through their relays. */
  #engine = new Postgres();
  readonly strikes: Strike[] = [];
  /** When the engine crashed. */
  readonly crashes: number[] = [];
  /** Ids that a submit of this world returned. */
  readonly acknowledged: string[] = [];
  readonly #hosts = new Map<string, FleetHost>();
  /** For the files of a test; removed at the end. */
  readonly dir = mkdtempSync(join(tmpdir(), "liveops-fleet-"));
  readonly effectsFile = join(this.dir, "effects");

  private constructor(private readonly options: FleetOptions) {}

  static async start(options: FleetOptions): Promise<FleetWorld> {
    const fleet = new FleetWorld(options);
    try {
      await fleet.engine.start();
      await fleet.#createSchema();
      await Promise.all(
        Object.entries(options.hosts).map(async ([name, host]) =>
          (await fleet.add(name, host)).start(),
        ),
      );
    } catch (error) {
      await fleet[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
    return fleet;
  }

  get lostAfter(): number {
    return this.options.lostAfter ?? 3;
  }

  get hosts(): FleetHost[] {
    return [...this.#hosts.values()];
  }

  /** The hosts whose daemon runs. */
  get up(): FleetHost[] {
    return this.hosts.filter(({ isUp }) => isUp);
  }

  host(name: string): FleetHost {
    const host = this.#hosts.get(name);
    if (!host) throw new Error(`the fleet has no host ${name}`);
    return host;
  }

  /** A host that is well, and not the given one. */
  peerOf(host: FleetHost): FleetHost {
    const peer = this.hosts.find((each) => each !== host && each.isWell);
    if (!peer) throw new Error(`no other host than ${host.name} is well`);
    return peer;
  }

  /** What a peer says about the host. */
  async told(host: FleetHost): Promise<HostReply> {
    const { hosts } = await this.peerOf(host).client.hosts();
    const told = hosts.find(({ name }) => name === host.name);
    if (!told) throw new Error(`no peer knows the host ${host.name}`);
    return told;
  }

  /** Once the peers have taken the host for lost. */
  async untilLost(host: FleetHost): Promise<void> {
    // The peer that is asked may be struck at this moment.
    const isLost = async () => (await unlessAway(this.told(host)))?.state === "lost";
    await eventually(
      `${host.name} is lost`,
      isLost,
      () => this.told(host),
      1000 * (this.lostAfter + 30),
    );
  }

  /** Once the host takes part again, in a session after the given one. */
  async untilBack(host: FleetHost, session: number): Promise<void> {
    await eventually(
      `${host.name} has joined again`,
      async () => {
        const told = await unlessAway(this.told(host));
        return told?.state === "up" && told.session > session;
      },
      () => this.told(host),
    );
  }

  get engine(): Postgres {
    return this.#engine;
  }

  /**
   * Crashes the engine and starts it again. Where that takes long, it is a strike at every host,
   * until the leases that were not renewed meanwhile are over.
   */
  async crashEngine(): Promise<void> {
    const from = now();
    this.crashes.push(from);
    await this.engine.restart("immediate");
    const lease = 800 * this.lostAfter;
    if (now() - from < lease / 2) return;
    for (const host of this.up) this.strikes.push({ host: host.name, from, to: now() + lease });
  }

  /**
   * From now on the hosts reach this server, such as a standby that was promoted. The former one is
   * ended.
   */
  async useEngine(engine: Postgres): Promise<void> {
    const former = this.#engine;
    this.#engine = engine;
    for (const { relay } of this.hosts) {
      relay.target = socketOf(engine);
      relay.cut();
    }
    await former.stop();
  }

  /** Makes a host, whose daemon is not started yet. */
  async add(name: string, options: HostOptions): Promise<FleetHost> {
    const relay = await Relay.start(socketOf(this.engine));
    const place = {
      ops: { ...OPS, ...this.options.ops },
      words: ["--host", name],
      config: { fleet: { url: this.#urlAt(relay.port), lostAfter: this.lostAfter } },
      lostAfter: this.lostAfter,
      strikes: this.strikes,
    };
    const host = new FleetHost(name, relay, place, options);
    this.#hosts.set(name, host);
    return host;
  }

  /** The address that a host connects with. */
  #urlAt(port: number): string {
    return `postgres://${HOST_USER}:${encodeURIComponent(this.engine.password)}@127.0.0.1:${port}/postgres`;
  }

  /** Creates the schema, and a user for the hosts that may do what a host does, and no more. */
  async #createSchema(): Promise<void> {
    await createSchema(this.directUrl);
    this.engine.sql(
      "postgres",
      `create role ${HOST_USER} login password '${this.engine.password}' in role liveops_host`,
    );
  }

  /** Address of the engine past every relay, with the password. */
  get directUrl(): string {
    return this.engine.url("postgres");
  }

  /** Submits at the host, until the engine has it; the parameters name the file of the effects. */
  async submit(host: FleetHost, body: SubmitBody, key = newId()): Promise<Operation> {
    const submitted = await eventually(`${host.name} acknowledges the submit`, () =>
      unlessAway(host.client.submit(this.#withEffects(body), key)),
    );
    this.acknowledged.push(submitted.id);
    return submitted;
  }

  /**
   * Submits a batch once, at one host after the other until one acknowledges it: the engine may be
   * away, and a host may die with the answer on its way. Default: at any host.
   */
  async submitAll(bodies: SubmitBody[], at?: FleetHost[]): Promise<string[]> {
    const batch = bodies.map((body) => this.#withEffects(body));
    const key = newId();
    let turn = 0;
    const submitted = await eventually(
      "the batch is acknowledged",
      async () => {
        const up = at ?? this.up;
        const host = up[turn++ % Math.max(1, up.length)];
        return host ? unlessAway(host.client.submit(batch, key)) : null;
      },
      undefined,
      90_000,
    );
    const ids = submitted.map(({ id }) => id);
    this.acknowledged.push(...ids);
    return ids;
  }

  #withEffects(body: SubmitBody): SubmitBody {
    return { ...body, params: { effects: this.effectsFile, ...body.params } };
  }

  effects(): Effect[] {
    return readEffects(this.effectsFile);
  }

  /** Once nothing is queued or running at any living host. */
  async untilIdle(ms = 60_000): Promise<void> {
    await eventually(
      "every operation is over, at every host",
      async () => {
        for (const host of this.up) {
          const { queued, running } = (await host.client.daemon()).counts;
          if (queued + running > 0) return false;
        }
        return true;
      },
      async () => {
        const { operations } = await this.up[0]!.client.list({
          state: ["queued", "running"],
          limit: 20,
        });
        return operations.map(({ id, op, state, attempt, blocked }) => ({
          id,
          op,
          state,
          attempt,
          blocked,
        }));
      },
      ms,
    );
  }

  /**
   * What happened to the operations that note their effects, for the checker: with the logs that
   * every living host shows of the given ones.
   */
  async history(logsOf: readonly string[] = []): Promise<History> {
    const told = new Map<string, Told[]>();
    const logs = new Map<string, Map<string, number[]>>();
    for (const host of this.up) {
      // While the engine does not answer, a host lists only what is in its memory.
      const counted = async () => {
        const { counts } = await host.client.daemon();
        return Object.values(counts).reduce((sum, n) => sum + n, 0);
      };
      let all: Operation[] = [];
      await eventually(
        `${host.name} lists every operation`,
        async () => {
          all = await everyOperation(host);
          return all.length === (await counted());
        },
        async () => ({ listed: all.length, counted: await counted() }),
      );
      told.set(
        host.name,
        all.filter(({ params }) => params.effects === this.effectsFile),
      );
      const numbers = new Map<string, number[]>();
      for (const id of logsOf) numbers.set(id, await wholeLogNumbers(host, id));
      logs.set(host.name, numbers);
    }
    return {
      effects: this.effects(),
      acknowledged: this.acknowledged,
      told,
      logs,
      strikes: this.strikes,
      crashes: this.crashes,
      isResumable: ({ op }) => RESUMABLE.has(op),
    };
  }

  /** With `LIVEOPS_FLEET_LOGS`, a directory, the logs of the hosts outlive the test. */
  #keepLogs(): void {
    const into = process.env.LIVEOPS_FLEET_LOGS;
    if (!into) return;
    for (const { name, daemon } of this.hosts) {
      const log = join(daemon.world.stateDir, "liveopsd.log");
      if (existsSync(log)) cpSync(log, join(into, `${basename(this.dir)}-${name}.log`));
    }
    if (existsSync(this.effectsFile))
      cpSync(this.effectsFile, join(into, `${basename(this.dir)}-effects`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#keepLogs();
    const ended = await Promise.allSettled(this.hosts.map((host) => host[Symbol.asyncDispose]()));
    await this.engine.stop();
    rmSync(this.dir, { recursive: true, force: true });
    for (const each of ended) if (each.status === "rejected") throw each.reason;
  }
}

/**
 * The reply, or null where the daemon or the engine is away: the request can be repeated with its
 * key.
 */
async function unlessAway<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof LiveopsError && AWAY.has(error.code)) return null;
    throw error;
  }
}

const AWAY = new Set<string>([
  "LIVEOPS_NO_DAEMON",
  "LIVEOPS_NO_ANSWER",
  "LIVEOPS_CONNECTION_LOST",
  "LIVEOPS_ENGINE_AWAY",
  "LIVEOPS_ENGINE_BEHIND",
]);

async function everyOperation({ client }: FleetHost): Promise<Operation[]> {
  const all: Operation[] = [];
  let before: string | undefined;
  do {
    const page = await client.list({ limit: 500, ...(before !== undefined && { before }) });
    all.push(...page.operations);
    before = page.next ?? undefined;
  } while (before !== undefined);
  return all;
}

/**
 * How long a host may take to get lines that it does not have yet, in ms: the engine may get them
 * again first.
 */
const LINES_MS = 10_000;

async function wholeLogNumbers(host: FleetHost, id: string): Promise<number[]> {
  let numbers: number[] = [];
  await until(async () => {
    const { logLines } = await host.client.show(id);
    numbers = await logNumbers(host, id);
    return numbers.length >= logLines;
  }, LINES_MS);
  return numbers;
}

async function logNumbers({ client }: FleetHost, id: string): Promise<number[]> {
  const numbers: number[] = [];
  for await (const page of client.logPages(id, { after: 0, limit: 10_000 }))
    numbers.push(...page.lines.map(({ n }) => n));
  return numbers;
}

function socketOf(engine: Postgres): { path: string } {
  return { path: join(engine.dir, ".s.PGSQL.5432") };
}
