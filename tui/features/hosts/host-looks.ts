import type { Operation } from "../../../protocol/operation.js";
import { Look, type Looks, type NewFailures } from "../../dashboard/seen-failures.js";
import type { Hosts } from "./hosts.js";
import { replyAt } from "./keyed.js";

/** The failures seen of several daemons. The cursor holds one cursor for each. */
export class HostLooks implements Looks {
  readonly #looks: ReadonlyMap<string, Look>;

  constructor(
    private readonly all: Hosts,
    fileOf: (name: string) => string | null,
  ) {
    this.#looks = new Map(all.clients.map(({ name, client }) => [name, new Look(client, fileOf(name))]));
  }

  async fetch(signal: AbortSignal): Promise<NewFailures | null> {
    const replies = await this.all.ask(
      "failures",
      ({ name }) => this.#looks.get(name)!.fetch(signal),
      signal,
    );
    const operations: Operation[] = [];
    const cursors: Record<string, string> = {};
    for (const [name, failures] of replies) {
      if (failures === null) continue;
      operations.push(...failures.operations.map((operation) => replyAt("show", operation, name)));
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
