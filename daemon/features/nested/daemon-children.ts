/**
 * Runs the operations inside of an attempt of a worker: asks the daemon for them, and waits for
 * their end. The daemon may be killed, restarted or full meanwhile: a request is repeated until it
 * is answered, or the attempt is stopped.
 */
import { dirname } from "node:path";
import type { ChildCall, ChildPlace, ChildWatch } from "../../../ops/attempt/children.js";
import type { Order } from "../../../ops/attempt/sink.js";
import { readType } from "../../../ops/types/read-type.js";
import { Client } from "../../../protocol/client/client.js";
import { NoDaemonError } from "../../../protocol/client/errors.js";
import { findSocket } from "../../../protocol/client/find-daemon.js";
import { untilAnswered } from "../../../protocol/client/reconnect.js";
import { untilFinished } from "../../../protocol/client/until-finished.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import type { WorkerSetup } from "../../worker/messages.js";

/** The queue has no room, or a part of the daemon cannot answer now. */
const PASSING_STATUSES = [429, 503, 507];

const isPassing = (error: unknown) =>
  error instanceof NoDaemonError ||
  (error instanceof Refusal && PASSING_STATUSES.includes(error.status));

/** Also while the daemon ends the attempt: the stop comes next. */
const isPassingAtFirst = (error: unknown) =>
  isPassing(error) || (error instanceof Refusal && error.code === "LIVEOPS_WRONG_STATE");

export async function runInDaemon(
  { id, attempt }: Pick<Order, "id" | "attempt">,
  { socket, lockFile }: Pick<WorkerSetup, "socket" | "lockFile">,
  { type, words: set, ...others }: ChildCall,
  place: ChildPlace,
  { signal, onRecord }: ChildWatch,
): Promise<Operation> {
  const stateDir = dirname(dirname(lockFile));
  const client = new Client(socket, {}, { findSocket: () => findSocket(stateDir) });
  const op = typeof type === "string" ? type : readType(type).op;
  const body = { ...others, op, set, parent: { attempt, ...place } };
  // The signal ends no request: one on its way may begin the operation, and the reply says what to
  // cancel.
  const ask = () => {
    signal.throwIfAborted();
    return client.submitChild(id, body);
  };
  let current = await untilAnswered(ask, { signal, isPassing: isPassingAtFirst });
  const take = (record: Operation) => {
    current = record;
    onRecord(record);
  };
  take(current);
  // One that has ended is not cancelled.
  const cancel = () =>
    void untilAnswered(() => client.cancel(current.id), { isPassing }).catch(() => {});
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  try {
    return await untilFinished(client, current.id, { isPassing, onRecord: take });
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
