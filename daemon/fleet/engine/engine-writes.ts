/** What an operator may do besides reading, and a host in its own name. */
import type { Connection } from "./connection.js";
import { LONG, SHORT_MS } from "./engine-base.js";
import { EngineReads } from "./engine-reads.js";
import { errorOfCode } from "./errors.js";
import { HintSender } from "./hints.js";
import { appended } from "./operation-index.js";
import type { AppendGroup, AppendItem, Verdict } from "./rows.js";

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

export class EngineWrites extends EngineReads {
  protected readonly decisions: Connection = this.connection("decisions", { statementMs: SHORT_MS });
  protected readonly files: Connection = this.connection("files");
  protected readonly hints = new HintSender((payloads) => this.rows(HINT, [payloads]));

  /** The host's name; null: this process is no host, and acts as an operator or a viewer. */
  get host(): string | null {
    return null;
  }

  /** The host's session; null without a host. */
  get session(): number | null {
    return null;
  }

  /**
   * Records decisions: all or none. The same token again answers as the first time.
   *
   * @returns number of the last of them
   * @throws VersionConflictError, KeyTakenError, FencedError, RoleError
   */
  async append(items: readonly AppendItem[], token: string): Promise<number> {
    const [verdict] = await this.appendEach([{ items, token }]);
    if (verdict!.error) throw verdict!.error;
    return verdict!.n!;
  }

  /** Records the groups of independent callers in one transaction; each group has its own verdict. */
  async appendEach(groups: readonly AppendGroup[]): Promise<Verdict[]> {
    if (groups.length === 0) return [];
    const sent = groups.map(({ items, token }) => ({ token, items: items.map(appended) }));
    const values = [this.host, this.session, this.known, this.knownMark, JSON.stringify(sent)];
    const verdicts = (await this.call<RawVerdict[]>("append", values, this.decisions)).map(verdictOf);
    const last = Math.max(0, ...verdicts.map(({ n }) => n ?? 0));
    this.know(last, null);
    if (last > 0) this.hints.decided(last);
    return verdicts;
  }

  /**
   * Declares a host lost, if it is up in this session and has not renewed since.
   *
   * Without a session of its own, an operator says so: `session` and `renewals` null are not checked.
   */
  async declareLost(name: string, session: number | null, renewals: number | null): Promise<boolean> {
    const values = [this.host, this.session, name, session, renewals];
    return this.call("declare_lost", values, this.decisions);
  }

  /** A host that drains claims nothing. False: there is no such host. */
  async drain(name: string, draining: boolean): Promise<boolean> {
    return this.call("drain", [name, draining], this.decisions);
  }

  /**
   * Sets or removes a setting, if its version is still `expect` (null: there is none).
   *
   * @param body JSON; null: removes it
   * @returns its new version; null: it was changed meanwhile
   */
  async putSetting(name: string, body: string | null, expect: number | null): Promise<number | null> {
    const version = await this.call<number | null>("put_setting", [name, body, expect], this.decisions);
    if (version !== null) this.hints.changedSettings();
    return version;
  }

  /** Keeps a value that is too large for a decision, before the decision is recorded. @param body JSON */
  async putPayload(id: string, kind: "params" | "result", body: string): Promise<void> {
    await this.call("put_payload", [id, kind, body], this.files, LONG);
  }

  override async end(): Promise<void> {
    await Promise.all([super.end(), this.decisions.end(), this.files.end()]);
  }
}

function verdictOf({ n, code = "", ...detail }: RawVerdict): Verdict {
  if (n !== undefined) return { n };
  return { error: errorOfCode(code, "", detail) ?? new Error(`unknown verdict ${code}`) };
}
