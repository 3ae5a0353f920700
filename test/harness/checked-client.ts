/** A client that checks each reply and each stream line against `/openapi.json`. */

import { Client } from "../../protocol/client/client.js";
import type { Operation } from "../../protocol/operation.js";
import type {
  DaemonReply,
  HistoryReply,
  LogPage,
  OperationPage,
  StopReply,
  TypesReply,
} from "../../protocol/replies.js";
import type {
  EventsQuery,
  ListQuery,
  LogQuery,
  RetryBody,
  RetrySelectionBody,
  SelectionBody,
  SubmitBody,
  WatchQuery,
} from "../../protocol/requests.js";
import type { BackupLine, EventLine, SelectionLine } from "../../protocol/stream-lines.js";
import type { WatchLine } from "../../protocol/watch.js";
import { expectValid } from "./published.js";

export class CheckedClient extends Client {
  override async submit(body: SubmitBody, key: string): Promise<Operation> {
    return valid("Operation", await super.submit(body, key));
  }

  override async submitAll(bodies: SubmitBody[], key: string): Promise<Operation[]> {
    const operations = await super.submitAll(bodies, key);
    return operations.map((operation) => valid("Operation", operation));
  }

  override async list(query?: ListQuery): Promise<OperationPage> {
    return valid("OperationPage", await super.list(query));
  }

  override async show(id: string, signal?: AbortSignal): Promise<Operation> {
    return valid("Operation", await super.show(id, signal));
  }

  override async remove(id: string): Promise<Operation> {
    return valid("Operation", await super.remove(id));
  }

  override async cancel(id: string): Promise<Operation> {
    return valid("Operation", await super.cancel(id));
  }

  override async retry(id: string, body?: RetryBody): Promise<Operation> {
    return valid("Operation", await super.retry(id, body));
  }

  override async log(id: string, query?: LogQuery): Promise<LogPage> {
    return valid("LogPage", await super.log(id, query));
  }

  override async types(): Promise<TypesReply> {
    return valid("OperationTypes", await super.types());
  }

  override async history(op: string): Promise<HistoryReply> {
    return valid("History", await super.history(op));
  }

  override async daemon(signal?: AbortSignal): Promise<DaemonReply> {
    return valid("Daemon", await super.daemon(signal));
  }

  override async stop(now?: boolean): Promise<StopReply> {
    return valid("StopReply", await super.stop(now));
  }

  override events(id: string, query?: EventsQuery, signal?: AbortSignal): AsyncGenerator<EventLine> {
    return checked("EventLine", super.events(id, query, signal));
  }

  override watch(query?: WatchQuery, signal?: AbortSignal): AsyncGenerator<WatchLine> {
    return checked("WatchLine", super.watch(query, signal));
  }

  override cancelAll(selection: SelectionBody): AsyncGenerator<SelectionLine> {
    return checked("SelectionLine", super.cancelAll(selection));
  }

  override retryAll(selection: RetrySelectionBody): AsyncGenerator<SelectionLine> {
    return checked("SelectionLine", super.retryAll(selection));
  }

  override removeAll(selection: SelectionBody): AsyncGenerator<SelectionLine> {
    return checked("SelectionLine", super.removeAll(selection));
  }

  override backup(dir: string, signal?: AbortSignal): AsyncGenerator<BackupLine> {
    return checked("BackupLine", super.backup(dir, signal));
  }
}

async function* checked<T>(component: string, lines: AsyncGenerator<T>): AsyncGenerator<T> {
  for await (const line of lines) yield valid(component, line);
}

/** @throws where the value does not match the component schema */
function valid<T>(component: string, value: T): T {
  expectValid({ $ref: `#/components/schemas/${component}` }, value);
  return value;
}
