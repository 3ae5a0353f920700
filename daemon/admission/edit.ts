/**
 * Edits of queued operations: parameters, label, directory and environment. The loader reads changed parameters anew,
 * without the operation's lock, so that a slow type delays no start.
 */

import { Refusal } from "../../protocol/errors.js";
import type { Changes } from "../../protocol/event.js";
import { MAX_ENV, MAX_QUEUED_BYTES } from "../../protocol/limits.js";
import { type EditBody, editBody } from "../../protocol/requests.js";
import { normalFields } from "../../protocol/submit-fields.js";
import { alternatives } from "../../protocol/text/alternatives.js";
import { nearest } from "../../protocol/text/nearest.js";
import type { Parts } from "../compose.js";
import type { Edit } from "../lifecycle.js";
import type { Entry } from "../store/decision.js";
import { sizeOf } from "../store/ledger.js";
import { editedBy } from "./steps.js";

/**
 * Changes the operation, durably.
 *
 * @throws Refusal where the operation is no longer queued, or the change is not valid
 */
export async function editOperation(context: Parts, entry: Entry, body: EditBody): Promise<void> {
  const { lifecycle, store } = context;
  const { id } = entry.record;
  if (Object.keys(body).length === 0)
    throw new Refusal("LIVEOPS_BAD_REQUEST", `the body changes nothing; give ${alternatives(KEYS)}`);
  if (body.queue !== undefined) await context.queues.check(body.queue);
  await context.hosts.checkPlacement(body);
  const wantsParameters = body.params !== undefined || body.set !== undefined;
  for (;;) {
    // Only what is queued is worth reading: `edit` refuses everything else.
    const queued = store.ledger.get(id);
    const isQueued = queued?.record.state === "queued";
    const before = queued?.record.params;
    const parameters = wantsParameters && isQueued ? await readAnew(context, queued, body) : {};
    // Before the edit, because the operation may start right after it.
    if (isQueued) store.secrets.put(id, body.secrets);
    const isDone = await lifecycle.edit(id, (current) => {
      // Another edit came first: its parameters are those to change.
      const isOutdated = wantsParameters && (!isQueued || current.record.params !== before);
      return isOutdated ? null : editOf(context, current, body, parameters);
    });
    if (isDone) return;
  }
}

/** Keys that change something by themselves. */
const KEYS = Object.keys(editBody.shape).filter((key) => key !== "secrets");

/** The new parameters, with the title and the stages for them. */
async function readAnew(context: Parts, entry: Entry, body: EditBody): Promise<Changes> {
  const { types, store, stopping } = context;
  if (stopping.begun)
    throw new Refusal(
      "LIVEOPS_STOPPING",
      "nothing was changed: the daemon is stopping; start it again with: liveops start",
    );
  const { id, op, omitted } = entry.record;
  if (omitted?.params !== undefined) throw tooLarge(id);
  const input = { params: body.params ?? entry.record.params, ...(body.set && { set: body.set }) };
  const answers = await types.prepare([{ op, input }]);
  if (!Array.isArray(answers)) throw answers.refusal;
  const changes = editedBy(answers[0]!);
  if (store.payloads.isLarge(changes.params)) throw tooLarge(id);
  return changes;
}

function editOf(context: Parts, entry: Entry, body: EditBody, parameters: Changes): Edit {
  const { store, settings, queue } = context;
  const { params: _, set: __, env: ___, secrets: ____, top, ...options } = body;
  const { label } = options;
  const changes = {
    ...parameters,
    ...normalFields(options),
    ...(label !== undefined && { label: label || null }),
    ...(top && queue.changeToTop({ ...entry.record, ...options })),
  };
  const env = { ...entry.env };
  for (const [name, value] of Object.entries(body.env ?? {})) {
    if (value !== null) env[name] = value;
    else if (Object.hasOwn(env, name)) delete env[name];
    else throw noVariable(name, Object.keys(env).sort());
  }
  const count = Object.keys(env).length;
  if (count > MAX_ENV)
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `the operation would have ${count} variables, at most ${MAX_ENV} are allowed`,
    );
  const grown = sizeOf({ ...entry.record, ...changes }, env) - entry.bytes;
  if (grown > 0 && store.queuedBytes + grown > settings.maxQueued * MAX_QUEUED_BYTES)
    throw new Refusal(
      "LIVEOPS_QUEUE_FULL",
      `this edit adds ${grown} bytes and the queue would have more than maxQueued allows; edit again when some operations have run (liveops ls)`,
    );
  return { changes, ...(body.env && { env }), changedVariables: Object.keys(body.env ?? {}).sort() };
}

function noVariable(name: string, names: readonly string[]): Refusal {
  const has = names.length === 0 ? "the operation has none" : `the operation has ${names.join(", ")}`;
  return new Refusal(
    "LIVEOPS_BAD_REQUEST",
    `nothing was changed: ${JSON.stringify(name)} is not a variable of the submit; ${has}`,
    { nearest: nearest(name, names) },
  );
}

function tooLarge(id: string): Refusal {
  return new Refusal(
    "LIVEOPS_TOO_LARGE",
    `parameters of more than 16 KiB cannot be edited; cancel the operation (liveops cancel ${id}) and submit it again`,
  );
}
