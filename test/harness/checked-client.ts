/** The client, each line of its streams checked against `/openapi.json`. */
import type { BackupLine } from "../../protocol/backup.js";
import { Client, type EventLine } from "../../protocol/client/client.js";
import type { EventsQuery } from "../../protocol/routes.js";
import type { WatchLine, WatchQuery } from "../../protocol/watch.js";
import { expectValid } from "./published.js";

export class CheckedClient extends Client {
  override events(id: string, query?: EventsQuery, signal?: AbortSignal): AsyncGenerator<EventLine> {
    return checked("EventLine", super.events(id, query, signal));
  }

  override watch(query?: WatchQuery, signal?: AbortSignal): AsyncGenerator<WatchLine> {
    return checked("WatchLine", super.watch(query, signal));
  }

  override backup(dir: string, signal?: AbortSignal): AsyncGenerator<BackupLine> {
    return checked("BackupLine", super.backup(dir, signal));
  }
}

async function* checked<T>(component: string, lines: AsyncGenerator<T>): AsyncGenerator<T> {
  const schema = { $ref: `#/components/schemas/${component}` };
  for await (const line of lines) {
    expectValid(schema, line);
    yield line;
  }
}
