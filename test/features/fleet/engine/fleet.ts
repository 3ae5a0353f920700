/** A fleet's database on a temporary server, engines on it, and decisions to record. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll } from "vitest";
import { createSchema } from "../../../../daemon/features/fleet/create-schema.js";
import type { EngineOptions } from "../../../../daemon/features/fleet/engine/engine-reads.js";
import { FleetEngine } from "../../../../daemon/features/fleet/engine/fleet-engine.js";
import { indexOf, type OperationIndex } from "../../../../daemon/features/fleet/engine/indexed.js";
import type {
  AppendGroup,
  AppendItem,
  Candidate,
  Claimed,
  ClaimRequest,
  JoinOptions,
  Verdict,
} from "../../../../daemon/features/fleet/engine/rows.js";
import type { Decision, IdempotencyKey, Successor } from "../../../../daemon/store/decision.js";
import type { Submission } from "../../../../protocol/event.js";
import type { FinalState, State } from "../../../../protocol/state.js";
import { Postgres } from "../../../harness/postgres.js";

export const token = randomUUID;

/** After the last decision. */
const END = Number.MAX_SAFE_INTEGER;

/** An engine with calls of its own, which a daemon does not need. */
export class TestEngine extends FleetEngine {
  /** Records decisions, and reads none. */
  async appendEach(groups: readonly AppendGroup[]): Promise<Verdict[]> {
    return (await this.exchange({ groups, claim: null, after: END })).verdicts;
  }

  /** Claims operations, and reads no decision. */
  async claim(request: ClaimRequest): Promise<Claimed[]> {
    return (await this.exchange({ groups: [], claim: request, after: END })).claims;
  }

  /** Records decisions: all or none. Returns the number of the last of them. */
  async append(items: readonly AppendItem[], token: string): Promise<number> {
    const [verdict] = await this.appendEach([{ items, token }]);
    if (verdict!.error) throw verdict!.error;
    return verdict!.n!;
  }

  /** The rows of operations. */
  operations(ids: readonly string[]): Promise<OperationRow[]> {
    return this.rows("select * from liveops.operation where id = any ($1)", [ids]);
  }

  /** The rows of the operations that run on this host. */
  running(): Promise<OperationRow[]> {
    const sql =
      "select * from liveops.operation where host = $1 and state = 'running' order by version";
    return this.rows(sql, [this.host]);
  }
}

interface OperationRow {
  id: string;
  version: number;
  state: State;
  queue: string;
  host: string | null;
  session: number | null;
  fence: number | null;
  attempt: number;
}

/** A fleet without operations, which is copied for each test. */
const TEMPLATE = "empty";

/** The server of a test file; each test gets an empty fleet. */
export function useFleet(options: ConstructorParameters<typeof Postgres>[0] = {}) {
  const engines: TestEngine[] = [];
  const fleet = {
    server: undefined as unknown as Postgres,
    /** Name of the test's database. */
    database: "",
    url: "",
    async create(): Promise<void> {
      fleet.database = `ops${++databases}`;
      await fleet.server.createdb(fleet.database, TEMPLATE);
      fleet.url = fleet.server.url(fleet.database);
    },
    engine(more: Partial<EngineOptions> = {}): TestEngine {
      const engine = new TestEngine({ url: fleet.url, giveUpMs: 10_000, ...more });
      engines.push(engine);
      return engine;
    },
    /** An engine that has joined as the host `name`. */
    async host(name: string, more: Partial<JoinOptions> = {}): Promise<TestEngine> {
      const engine = fleet.engine({ name });
      await engine.join({
        name,
        owner: name,
        tags: [],
        slots: 2,
        version: "1.0.0",
        lostAfter: 300,
        ...more,
      });
      return engine;
    },
    /** The hosts a and b of a new fleet. */
    async two(): Promise<[TestEngine, TestEngine]> {
      await fleet.create();
      return [await fleet.host("a"), await fleet.host("b")];
    },
    sql: (statement: string) => fleet.server.sql(fleet.database, statement),
    async end(): Promise<void> {
      await Promise.all(engines.splice(0).map((engine) => engine.end()));
    },
  };
  let databases = 0;
  beforeAll(async () => {
    fleet.server = await new Postgres(options).start();
    await fleet.server.createdb(TEMPLATE);
    await createSchema(fleet.server.url(TEMPLATE));
  }, 60_000);
  afterEach(() => fleet.end());
  afterAll(() => fleet.server?.stop());
  return fleet;
}

export type Fleet = ReturnType<typeof useFleet>;

let count = 0;

/** `aop0000001`, … */
export function newId(): string {
  return `a${String(++count).padStart(11, "0")}`;
}

export function submission(id: string, more: Partial<Submission> = {}): Submission {
  const chain = { id, index: 0, previous: null, next: null };
  return {
    id,
    op: "noop",
    title: "Do nothing",
    label: null,
    cwd: "/",
    params: {},
    stages: [],
    chain,
    ...more,
  } as Submission;
}

type SubmitOptions = Partial<Submission> & {
  index?: Partial<OperationIndex>;
  env?: Record<string, string>;
  key?: IdempotencyKey | null;
};

const at = "2026-11-26T12:00:00.000Z";

function submitted(id: string, { env = {}, key = null, ...more }: SubmitOptions = {}) {
  const operation = submission(id, more);
  const event = { type: "operation:submitted", seq: 1, at, attempt: 0, operation } as const;
  return { kind: "submitted", event, env, key } as const;
}

/** A submit to append. */
export function submit(id: string, { index, ...options }: SubmitOptions = {}): AppendItem {
  const decision = submitted(id, options);
  return { decision, expect: null, index: { ...indexOf(decision.event.operation), ...index } };
}

/** Submits an operation; returns its id. */
export async function add(engine: TestEngine, options: SubmitOptions = {}): Promise<string> {
  const id = newId();
  await engine.append([submit(id, options)], token());
  return id;
}

export function keyOf(key: string): IdempotencyKey {
  return { key, hash: `hash of ${key}`, at };
}

export function finish(
  id: string,
  expect: number,
  options: Partial<Pick<AppendItem, "fence" | "takeover" | "pieces">> & {
    state?: FinalState;
    successor?: Successor | null;
    finishedAt?: string;
  } = {},
): AppendItem {
  const { state = "succeeded", successor = null, finishedAt = at, ...more } = options;
  const decision = {
    kind: "finished",
    id,
    event: { state },
    runState: {},
    successor,
  } as unknown as Decision;
  return { decision, expect, index: { state, finishedAt }, ...more };
}

/** Any other decision about an operation, without a meaningful event. */
export function about(
  kind: "edited" | "requeued" | "cancelled" | "paused" | "retried" | "removed",
  id: string,
  expect: number,
  more: Omit<AppendItem, "decision" | "expect"> = {},
): AppendItem {
  const part = kind === "retried" ? { entry: {} } : {};
  return { decision: { kind, id, event: {}, ...part } as unknown as Decision, expect, ...more };
}

export function candidate(id: string, expect: number, attempt = 1): Candidate {
  const decision = { kind: "started", id, event: { slot: 1 }, policy: {}, uptime: 1 };
  return { id, expect, attempt, decision: decision as unknown as Candidate["decision"] };
}

type Limits = Partial<Pick<ClaimRequest, "queueLimits" | "workers" | "token">>;

/** Claims operations as they are now, with a worker for each. */
export async function claim(
  engine: TestEngine,
  ids: readonly string[],
  limits: Limits = {},
): Promise<Claimed[]> {
  const rows = new Map((await engine.operations(ids)).map((each) => [each.id, each]));
  const candidates = ids.map((id) =>
    candidate(id, rows.get(id)?.version ?? 0, (rows.get(id)?.attempt ?? 0) + 1),
  );
  const workers = candidates.map((_, index) => ({ workerId: `w${index}` }));
  return engine.claim({ candidates, workers, token: token(), ...limits });
}

export async function claimOne(engine: TestEngine, id: string): Promise<Claimed> {
  return (await claim(engine, [id]))[0]!;
}

/** The operation's row. */
export async function row(engine: TestEngine, id: string) {
  return (await engine.operations([id]))[0]!;
}

/** All decisions of the fleet, in order. */
export async function history(engine: TestEngine) {
  const rows = [];
  for (let n = 0; ; n = rows.at(-1)!.n) {
    const { rows: more } = await engine.decisionsAfter(n, 100);
    if (more.length === 0) return rows;
    rows.push(...more);
  }
}
