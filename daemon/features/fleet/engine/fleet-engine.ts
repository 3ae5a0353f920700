/**
 * The client of the fleet's engine: one method for each function of the schema.
 *
 * Calls that decide, the lease, reads, and run files have a connection each, so that none waits for
 * another. A call whose connection broke is made again; each function answers a repeated call as
 * the first time.
 */
import { setClockAhead } from "../../../os/shared-clock.js";
import { LONG, SHORT_MS } from "./connection.js";
import { EngineReads } from "./engine-reads.js";
import { errorOfCode, SessionOverError } from "./errors.js";
import { HintSender } from "./hints.js";
import { appended, offered, storable } from "./operation-index.js";
import type {
  Claimed,
  ClaimRequest,
  Exchange,
  Exchanged,
  FencedPiece,
  HostRow,
  Joined,
  JoinOptions,
  LogCut,
  OfferItem,
  Renewed,
  RunFile,
  Settled,
  Shipped,
  TypeRow,
  Verdict,
} from "./rows.js";

/** A lost hint costs half a second, so its commit does not wait for the disk. */
const HINT = `select set_config('synchronous_commit', 'off', true), pg_notify('liveops', payload) from unnest($1::text[]) payload`;

interface RawVerdict {
  n?: number;
  code?: string;
  id?: string;
  version?: number | null;
  key?: string;
  hash?: string;
}

/** Decisions that a call brings. */
const MOST_NEWS = 500;

/** Items of one call of `offer`. */
const OFFERED_AT_ONCE = 500;

/**
 * Besides the errors of `EngineReads`: SessionOverError and LostWritesError from all that a host
 * does.
 */
export class FleetEngine extends EngineReads {
  readonly #decisions = this.connection("decisions", { statementMs: SHORT_MS });
  readonly #files = this.connection("files");
  readonly #hints = new HintSender((payloads) => this.rows(HINT, [payloads]));
  readonly #lease = this.connection("lease", { statementMs: SHORT_MS });
  #joined: JoinOptions | null = null;
  #session: number | null = null;
  #epoch = 0;
  /** Milliseconds of the engine's clock before ours. */
  #skew = 0;

  /** The host's name; null: this process is no host, and acts as an operator or a viewer. */
  get host(): string | null {
    return this.#joined?.name ?? null;
  }

  get session(): number | null {
    return this.#session;
  }

  /** Who calls, and the last decision that it knows: the first parameters of most functions. */
  get #caller(): unknown[] {
    return [this.host, this.session, this.known, this.knownMark];
  }

  /**
   * Milliseconds that the engine's clock is ahead of this machine's, at the last join or renewal.
   */
  get skewMs(): number {
    return this.#skew;
  }

  /**
   * Records the decisions of independent callers and claims queued operations, in one transaction,
   * and reads the journal. Each group is recorded as a whole or not at all, and has its own
   * verdict. A group or a claim with the same token again gets the answer of the first time.
   *
   * A claim takes operations for free workers, in the order of the candidates. Those that changed
   * are left out.
   */
  async exchange({ groups, claim, after }: Exchange): Promise<Exchanged> {
    const pieces = groups.flatMap(({ items }) => items.flatMap((item) => item.pieces ?? []));
    const items = groups.flatMap(({ items, token }, caller) =>
      items.map((item) => ({ caller, token, ...appended(item) })),
    );
    const values = [...this.#caller, ...columnsOf(pieces), JSON.stringify(items)];
    values.push(claim && JSON.stringify(claimed(claim)), after, MOST_NEWS);
    type Answer = { verdicts: Record<number, RawVerdict>; claims: Claimed[] };
    const news = await this.news<Answer>("exchange", values, this.#decisions);
    const { rows, claims } = news;
    const verdicts = groups.map((_, caller) => verdictOf(news.verdicts[caller]!));
    const last = Math.max(0, ...verdicts.map(({ n }) => n ?? 0), ...claims.map(({ n }) => n));
    this.know(last, null);
    if (last > 0) this.#hints.decided(last);
    this.applied = rows.at(-1)?.n ?? this.applied;
    return { ...news, verdicts };
  }

  /**
   * Declares a host lost, if it is up in this session and has not renewed since.
   *
   * An operator has no session: `session` and `renewals` null are not checked.
   */
  async declareLost(
    name: string,
    session: number | null,
    renewals: number | null,
  ): Promise<boolean> {
    const values = [this.host, this.session, name, session, renewals];
    return this.call("declare_lost", values, this.#decisions);
  }

  /** A host that drains claims nothing. False: there is no such host. */
  async drain(name: string, draining: boolean): Promise<boolean> {
    return this.call("drain", [name, draining], this.#decisions);
  }

  /**
   * Sets or removes a setting, if its version is still `expect` (null: there is none).
   *
   * @param body JSON; null: removes it
   * @returns its new version; null: it was changed meanwhile
   */
  async putSetting(
    name: string,
    body: string | null,
    expect: number | null,
  ): Promise<number | null> {
    const version = await this.call<number | null>(
      "put_setting",
      [name, body, expect],
      this.#decisions,
    );
    if (version !== null) this.#hints.changedSettings();
    return version;
  }

  /**
   * Begins a session: the calls of this object are the host's from now on. @throws
   * HostNameTakenError
   */
  async join(options: JoinOptions): Promise<Joined> {
    const { name, owner, tags, slots, version, lostAfter, status } = options;
    const values = [name, owner, tags, slots, version, lostAfter, JSON.stringify(status ?? {})];
    const sent = Date.now();
    const joined = await this.call<Joined>("join", values, this.#decisions);
    this.#joined = options;
    this.#session = joined.session;
    this.#epoch = joined.epoch;
    this.#measure(sent, joined.now);
    return joined;
  }

  /** Reads the engine's clock: a process that is no host joins nothing. */
  async readClock(): Promise<void> {
    const sent = Date.now();
    this.#measure(sent, await this.engineNow());
  }

  /** Keeps the session; null: the session is over. */
  async renew(status?: Record<string, unknown>): Promise<Renewed | null> {
    const now = status ? JSON.stringify(status) : null;
    const values = [...this.#caller, this.applied, now];
    const sent = Date.now();
    const renewed = await this.call<Renewed | null>("renew", values, this.#lease);
    if (renewed === null) return null;
    this.#epoch = renewed.epoch;
    this.#measure(sent, renewed.now);
    return renewed;
  }

  /**
   * Stores pieces of run files, those of a file in order. Pieces that the engine has are left out.
   *
   * @param isDurable - all pieces that were shipped so far are on the engine's disk when this
   *   resolves; otherwise a crash of the engine may take those of the last second
   */
  async ship(pieces: readonly FencedPiece[], isDurable: boolean): Promise<Shipped> {
    if (pieces.length === 0 && !isDurable) return { fenced: [], behind: [] };
    const sent = [...this.#caller, isDurable, ...columnsOf(pieces)];
    type Refused = {
      verdict: "fenced" | "behind";
      id: string;
      attempt: number;
      file: RunFile;
      last: number;
    };
    const refused = await this.call<Refused[]>("ship", sent, this.#files, LONG);
    const news = pieces.filter(({ first, last }) => last >= first);
    if (news.length > 0) this.#hints.shipped(news.map(({ id }) => id));
    const fenced = refused.filter(({ verdict }) => verdict === "fenced").map(({ id }) => id);
    const behind = refused.filter(({ verdict }) => verdict === "behind");
    return {
      fenced: [...new Set(fenced)],
      behind: behind.map(({ id, attempt, file, last }) => ({ id, attempt, file, last })),
    };
  }

  /** Deletes the pieces of lines that this host has removed from the log of its attempt. */
  async cutLog({ id, attempt, fence, to }: LogCut): Promise<void> {
    await this.call("cut_log", [...this.#caller, id, attempt, fence, to], this.#files, LONG);
  }

  /** Leaves the fleet; false: operations still run here, or the session is over. */
  async leave(): Promise<boolean> {
    return this.call("leave", [this.host, this.session], this.#decisions);
  }

  /**
   * Offers to an engine that lost writes what this host knows: operations whose version is above
   * the engine's number (`position`), and the other hosts that it knows as `up`. Then call
   * `settleOffers` until it is settled, and load a new snapshot.
   *
   * @throws SessionOverError where the engine knows a later session of this host
   */
  async offer(items: readonly OfferItem[], up: readonly HostRow[] = []): Promise<Settled> {
    if (!this.#joined) throw new SessionOverError("this process is no host of the fleet");
    const { owner, tags, slots, version, lostAfter } = this.#joined;
    const peers = up
      .filter(({ name, state }) => state === "up" && name !== this.host)
      .map((row) => ({
        name: row.name,
        session: row.session,
        tags: row.tags,
        slots: row.slots,
        version: row.version,
        lostAfter: row.lostAfter,
      }));
    const join = JSON.stringify({ owner, tags, slots, version, lost_after: lostAfter, peers });
    let answer: Settled;
    let start = 0;
    do {
      const part = items.slice(start, start + OFFERED_AT_ONCE).map(offered);
      start += OFFERED_AT_ONCE;
      const known = [...this.#caller, this.#epoch];
      const sent = [...known, join, JSON.stringify(part), start >= items.length];
      answer = await this.call<Settled>("offer", sent, this.#decisions, LONG);
    } while (start < items.length && !answer.settled);
    return this.#settled(answer);
  }

  /** Whether the engine takes calls again. */
  async settleOffers(): Promise<Settled> {
    return this.#settled(await this.call<Settled>("settle_offers", [], this.#decisions));
  }

  #settled(answer: Settled): Settled {
    if (answer.settled) {
      this.forget();
      this.#epoch = answer.epoch;
    }
    return answer;
  }

  /** Publishes the types of this host, in place of those published before. */
  async putTypes(hash: string, types: ReadonlyArray<Omit<TypeRow, "host">>): Promise<void> {
    const columns = (["op", "body", "hash"] as const).map((name) =>
      types.map((type) => storable(type[name])),
    );
    await this.call("put_types", [this.host, this.session, hash, ...columns], this.#decisions);
    this.#hints.changedSettings();
  }

  /**
   * Deletes what removed operations left, a day later; at most `limit` operations. Returns how
   * many.
   */
  async prune(limit = 200): Promise<number> {
    return this.call("prune", [limit], this.#files, LONG);
  }

  override async end(): Promise<void> {
    await Promise.all([super.end(), this.#decisions.end(), this.#files.end(), this.#lease.end()]);
  }

  #measure(sent: number, now: number): void {
    this.#skew = Math.round(now - (sent + Date.now()) / 2);
    setClockAhead(this.#skew);
  }
}

/** Pieces as arrays, with all bodies as one value. */
function columnsOf(pieces: readonly FencedPiece[]): unknown[] {
  const names = ["id", "attempt", "file", "first", "last", "fence"] as const;
  const bodies = pieces.map(({ body }) => body);
  return [
    ...names.map((name) => pieces.map((piece) => piece[name])),
    bodies.map(({ length }) => length),
    Buffer.concat(bodies),
  ];
}

/** As the function `claim` takes it. */
function claimed({ candidates, workers, queueLimits = {}, token }: ClaimRequest): object {
  return {
    token,
    queueLimits,
    workers: workers.map((worker) => JSON.stringify(worker)),
    candidates: candidates.map(({ decision, ...candidate }) => ({
      ...candidate,
      body: JSON.stringify(decision),
    })),
  };
}

function verdictOf({ n, code = "", ...detail }: RawVerdict): Verdict {
  if (n !== undefined) return { n };
  return { error: errorOfCode(code, "", detail) ?? new Error(`unknown verdict ${code}`) };
}
