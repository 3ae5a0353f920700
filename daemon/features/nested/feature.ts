/**
 * Operations inside of others. What happens to the parent reaches its children: cancel, timeout,
 * pause, its end, removal.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Refusal } from "../../../protocol/errors.js";
import { isFinal, STATES } from "../../../protocol/state.js";
import type { MakeFeature } from "../../compose.js";
import type { FeatureRoutes } from "../../feature.js";
import { definition } from "../../http/route-definition.js";
import { isPausedNow } from "../../lifecycle.js";
import type { Decision, Entry } from "../../store/decision.js";
import { NotRecordedError } from "../../store/not-recorded.js";
import { child, otherHost } from "./children.js";
import { retryInside } from "./retry-inside.js";

/** How long a change of a child waits for room on a full disk before the next try, in ms. */
const AGAIN_MS = 500;

/** Most children that are removed in one step. */
const AT_ONCE = 100;

/** In a query: a parent that is not found. */
const GONE = "gone";

/** States of the children that go with their parent. A running child cannot be removed. */
const FINAL = STATES.filter(isFinal);

/** Decisions about a child after which it may differ from its parent. */
const OF_CHILD = new Set<Decision["kind"]>(["submitted", "started", "requeued"]);

export const nested: MakeFeature = (parts) => {
  const { bus, edges, lifecycle, scheduler, store, view, find, log, engine } = parts;
  let isStopped = false;

  /**
   * Makes a change of a child that its parent needs, until it is recorded. A child in another state
   * needs none.
   */
  const change = async (id: string, act: () => Promise<unknown>): Promise<void> => {
    while (!isStopped) {
      try {
        await act();
        return;
      } catch (error) {
        if (error instanceof Refusal) return;
        if (!(error instanceof NotRecordedError)) {
          log.error(
            { err: error, id },
            "an operation inside of another one could not be changed with it",
          );
          return;
        }
        await delay(AGAIN_MS);
      }
    }
  };

  const cancel = (id: string) =>
    void change(id, async () => {
      await lifecycle.cancel(id);
      scheduler.stopOperation(id);
    });

  /** Brings a live child in line with its parent. */
  const follow = (id: string): void => {
    const entry = find(id);
    // A finished parent may have left memory.
    const parent = store.find(entry?.record.parent?.id ?? "");
    if (!entry || !parent || isFinal(entry.record.state)) return;
    const isLeft =
      isFinal(parent.record.state) && !isRetriedAfter(entry, parent.record.finishedAt!);
    const isPaused = isPausedNow(parent.record);
    if (isLeft || parent.run?.stopReason) {
      if (!entry.record.cancelRequested) cancel(id);
    } else if (parent.record.state !== "running") return;
    else if (entry.record.state === "queued") {
      const changes = otherHost(entry.record, parent.record);
      if (changes !== null) void change(id, () => lifecycle.edit(id, () => changes));
    } else if (isPaused !== isPausedNow(entry.record))
      void change(id, async () => {
        await lifecycle.pause(id, isPaused);
        scheduler.pauseOperation(id);
      });
  };

  const removeChildren = async (parent: string): Promise<void> => {
    // A list for each of many removals would take long.
    if (FINAL.every((state) => store.counts()[state] === store.counts("none")[state])) return;
    let before: number | undefined;
    do {
      const children = await store.archive.list({ parent, state: FINAL, before }, AT_ONCE);
      // A parent that is not found may be damaged: its children stay.
      const removed =
        parent === GONE && children.length > 0 ? store.archive.removedIds?.() : undefined;
      for (const { record } of children)
        if (removed?.has(record.parent!.id) !== false)
          await change(record.id, () => lifecycle.remove(record.id));
      before = children.at(-1)?.order;
    } while (before !== undefined);
  };

  const remove = (parent: string) => void change(parent, () => removeChildren(parent));

  bus.on("decided", (changes, { kind }, isOwn) => {
    if (!isOwn) return;
    for (const { id, after } of changes) {
      if (kind === "removed") {
        edges.childrenOf(id).forEach(cancel);
        remove(id);
      }
      if (kind === "cancelled" || kind === "paused" || kind === "finished")
        for (const each of edges.childrenOf(id)) follow(each);
      // A child that starts while its parent is paused, is submitted as the parent ends, or comes
      // from a host that is lost.
      if (after?.parent && OF_CHILD.has(kind)) follow(id);
    }
  });

  const routes: FeatureRoutes = (app, _options, done) => {
    app.route({
      ...definition("submitChild"),
      handler: async ({ params, body }, reply) => {
        const { entry, isNew } = await child(parts, await view.find(params.id), body);
        reply.code(isNew ? 201 : 200);
        return view.presentWhole(await view.find(entry.record.id));
      },
    });
    done();
  };

  return {
    routes,
    /** An earlier daemon may have ended between a change of the parent and that of its children. */
    start: () => {
      for (const state of ["running", "queued"] as const)
        for (const { record } of store.ledger.inState(state))
          if (record.parent && engine.isOurs(find(record.id)!)) follow(record.id);
      remove(GONE);
    },
    stop: () => {
      isStopped = true;
    },
    retryInside: (entry, body, by) => retryInside(parts, entry, body, by),
  };
};

/** What a person retries by itself after the end of its parent goes on. */
function isRetriedAfter({ events }: Entry, time: string): boolean {
  return events.some(({ type, at }) => type === "operation:retried" && at >= time);
}
