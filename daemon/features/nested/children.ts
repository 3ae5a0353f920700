/**
 * Operations inside of others: the code of a running operation submits them, and waits for their
 * end.
 *
 * A child is found again by its place in the parent, its type and its parameters. So an attempt
 * that begins anew does not run it twice, and a retry of the parent goes on in the child that
 * failed.
 */
import { hashOfParams, stillCounts } from "../../../ops/attempt/stage-values.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Changes } from "../../../protocol/event.js";
import { MAX_NESTED } from "../../../protocol/limits.js";
import { pick } from "../../../protocol/objects.js";
import type { Operation, Parent } from "../../../protocol/operation.js";
import type { ChildBody } from "../../../protocol/requests.js";
import { isFinal } from "../../../protocol/state.js";
import type { Draft } from "../../admission/steps.js";
import type { Parts } from "../../compose.js";
import type { Entry } from "../../store/decision.js";

/**
 * The child, submitted or found. One that failed or was cancelled runs again.
 *
 * @returns the first operation of the child's chain, and whether it is new
 * @throws Refusal where the parent does not run, or a submit would be refused
 */
export async function child(
  parts: Parts,
  parent: Entry,
  { again = false, ...body }: ChildBody,
): Promise<{ entry: Entry; isNew: boolean }> {
  const { attempt } = body.parent;
  const { record } = parent;
  if (record.state !== "running" || record.attempt !== attempt || record.cancelRequested)
    throw new Refusal(
      "LIVEOPS_WRONG_STATE",
      `attempt ${attempt} of ${record.op} ${record.id} does not run now, so nothing can begin inside of it`,
    );
  for (let n = 0; ; n++) {
    const key = keyOf(parent, body, n);
    const used = await parts.store.archive.byKey(key);
    // A child that a person has removed is made anew.
    if (used !== null && used.entry === null) continue;
    if (used === null) return submit(parts, parent, body, key);
    await runAgain(parts, used.entry!, parent, again);
    return { entry: used.entry!, isNew: false };
  }
}

async function submit(
  { submissions, store }: Parts,
  { record, env }: Entry,
  { parent, ...body }: ChildBody,
  key: string,
): Promise<{ entry: Entry; isNew: boolean }> {
  checkDepth(record, (each) => store.find(each));
  const { id, cwd, priority, queue, host, force } = record;
  const draft: Draft = {
    cwd,
    priority,
    ...body,
    env: { ...env, ...body.env },
    parent: { id, ...parent },
    parentQueue: queue,
    on: host,
    force,
    ...pick(record, ["session", "endsWithSession", "submittedFrom"]),
    secrets: store.secrets.get(id),
  };
  const { entries, isNew } = await submissions.submit([draft], { isBatch: false, key });
  return { entry: entries[0]!, isNew };
}

/**
 * The last link of the child's chain runs again where it did not succeed, unless it ended after the
 * parent was queued: then that is the end for which this attempt asks, as after a lost reply.
 *
 * @param isAsked - the attempt has seen that end, and asks for another run
 */
async function runAgain(
  { lifecycle, store }: Parts,
  first: Entry,
  { record: parent, queuedAt }: Entry,
  isAsked: boolean,
): Promise<void> {
  let last = first;
  for (let next = first.record.chain.next; next !== null; next = last.record.chain.next) {
    const entry = await store.archive.find(next);
    if (!entry) break;
    last = entry;
  }
  const { id, state } = last.record;
  const changes = otherHost(last.record, parent);
  if (isFinal(state) && state !== "succeeded" && (isAsked || last.finishedBy < queuedAt)) {
    // A person may have given them with the retry of the parent.
    store.secrets.copy(parent.id, id);
    await lifecycle.retry(id, { changes });
  } else if (state === "queued" && changes !== null) await lifecycle.edit(id, () => changes);
}

/**
 * In a fleet: the host to which a child follows its parent; null: it is there, or it needs none.
 */
export function otherHost(
  { on }: Operation & { on?: string | null },
  { host }: Operation,
): (Changes & { on: string }) | null {
  return host === undefined || on === host ? null : { on: host };
}

/** @param n - how many children at this place were removed */
function keyOf(
  { record, forgotten = [] }: Entry,
  { parent, ...body }: ChildBody,
  n: number,
): string {
  const { attempt: _, ...place } = parent;
  // A retry from a stage forgets the children of the stage, as it forgets its value.
  const generation = forgotten.findLast((each) => !stillCounts(place, each))?.attempt ?? 0;
  return `child\u001f${record.id}\u001f${hashOfParams({ place, body, generation, n })}`;
}

function checkDepth(record: Entry["record"], find: (id: string) => Entry | null): void {
  let depth = 1;
  for (
    let parent: Parent | undefined = record.parent;
    parent;
    parent = find(parent.id)?.record.parent
  )
    depth++;
  if (depth > MAX_NESTED)
    throw new Refusal(
      "LIVEOPS_TOO_DEEP",
      `an operation runs inside of at most ${MAX_NESTED} others; continue the chain with it instead (then, p.chainTo)`,
    );
}
