/** Edits of queued operations: label, queue, priority and start. */

import { Refusal } from "../../protocol/errors.js";
import { type EditBody, editBody } from "../../protocol/requests.js";
import { normalFields } from "../../protocol/submit-fields.js";
import { alternatives } from "../../protocol/text/alternatives.js";
import type { Parts } from "../compose.js";
import type { Entry } from "../store/decision.js";

/**
 * Changes the operation, durably.
 *
 * @throws Refusal where the operation is no longer queued, or the change is not valid
 */
export async function editOperation(
  { lifecycle, queue, queues }: Parts,
  { record: { id } }: Entry,
  { top, ...options }: EditBody,
): Promise<void> {
  if (top === undefined && Object.keys(options).length === 0)
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `the body changes nothing; give ${alternatives(Object.keys(editBody.shape))}`,
    );
  if (options.queue !== undefined) await queues.check(options.queue);
  const { label } = options;
  await lifecycle.edit(id, ({ record }) => ({
    ...normalFields(options),
    ...(label !== undefined && { label: label || null }),
    ...(top && queue.changeToTop({ ...record, ...options })),
  }));
}
