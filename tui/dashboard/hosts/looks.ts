/** Failures that nobody has looked at. Each daemon has a place of its own up to which somebody looked. */
import type { Operation } from "../../../protocol/operation.js";
import type { DashboardClient } from "../dashboard-client.js";
import { type LookFile, readLook, writeLook } from "../look-file.js";
import type { AllHosts } from "./all-hosts.js";
import { operationAt } from "./qualify.js";

export interface NewFailures {
  readonly operations: readonly Operation[];
  readonly cursor: string;
}

export interface Looks {
  /** Null: nobody looked before, so no failure is new. */
  fetch(signal: AbortSignal): Promise<NewFailures | null>;
  /** @param cursor that of `fetch` */
  remember(cursor: string): void;
}

/** The failures seen of one daemon. */
export class Look implements Looks {
  constructor(
    private readonly client: Pick<DashboardClient, "list">,
    private readonly file: LookFile | null,
  ) {}

  async fetch(signal: AbortSignal): Promise<NewFailures | null> {
    const { file } = this;
    const since = file === null ? null : readLook(file);
    const { operations, cursor } = await this.client.list(
      {
        state: ["failed"],
        limit: since === null ? 1 : 100,
        ...(since !== null && { finishedAfter: since }),
      },
      signal,
    );
    if (signal.aborted || file === null) return null;
    if (since !== null) return { operations, cursor };
    // Without an earlier look, older failures are not reported.
    writeLook(file, cursor);
    return null;
  }

  remember(cursor: string): void {
    if (this.file !== null) writeLook(this.file, cursor);
  }
}

/** The failures seen of several daemons. The cursor holds one cursor for each. */
export class HostLooks implements Looks {
  readonly #looks: ReadonlyMap<string, Look>;

  constructor(
    private readonly all: AllHosts,
    fileOf: (name: string) => LookFile | null,
  ) {
    this.#looks = new Map(all.hosts.map(({ name, client }) => [name, new Look(client, fileOf(name))]));
  }

  async fetch(signal: AbortSignal): Promise<NewFailures | null> {
    const replies = await this.all.ask(
      "failures",
      (_client, name) => this.#looks.get(name)!.fetch(signal),
      signal,
    );
    const operations: Operation[] = [];
    const cursors: Record<string, string> = {};
    for (const [name, failures] of replies) {
      if (failures === null) continue;
      operations.push(...failures.operations.map((operation) => operationAt(operation, name)));
      cursors[name] = failures.cursor;
    }
    if (Object.keys(cursors).length === 0) return null;
    operations.sort((a, b) => ((a.finishedAt ?? "") < (b.finishedAt ?? "") ? 1 : -1));
    return { operations, cursor: JSON.stringify(cursors) };
  }

  remember(cursor: string): void {
    for (const [name, own] of Object.entries(JSON.parse(cursor) as Record<string, string>))
      this.#looks.get(name)?.remember(own);
  }
}
