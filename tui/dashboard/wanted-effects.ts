/**
 * The effects that a state wants to be under way, by slot. The reducer compares them with what was asked for last, and
 * returns those that are new.
 */

import { isFinal } from "../../protocol/state.js";
import { chainIncomplete, operationOf, selectedOperation } from "./core/chain.js";
import { streamedLink, wantedRange, wantedSeek } from "./core/chain-log.js";
import { logRoom } from "./core/detail-plan.js";
import type { SlotEffect } from "./core/effect.js";
import { wantedHistory, wantedToday } from "./core/history.js";
import { countsHostSeconds, isReachable, liveHosts } from "./core/hosts.js";
import { listLayout } from "./core/layout.js";
import { wantedMatches } from "./core/matches.js";
import { emit, type State } from "./core/model.js";
import { wantedPage, wantedQueuePage } from "./core/paging.js";
import { unknownDependencies } from "./core/queue-view.js";
import { wantedWhy } from "./core/why.js";

const isLive = (state: State): boolean => state.connection.state === "live";

/** Questions that all hosts are asked: again where others answer. */
const OF_ALL: ReadonlySet<string> = new Set([
  ...["page", "queue", "find", "types", "forecast", "queues", "today", "failures"],
]);

const WANTS: Record<string, (state: State) => SlotEffect | null> = {
  watch: () => ({ type: "watch" }),
  // If nothing on the screen counts seconds, the clock of the header counts minutes.
  ticks: (state) => ({ type: "tick", every: ticks(state) ? 1000 : 60_000 }),
  "log-stream": (state) => {
    const link = streamedLink(state);
    return link === null ? null : { type: "stream-log", id: link.id, run: state.logRun };
  },
  "log-range": (state) =>
    isReachable(state, state.selected) ? wantedRange(state, logRoom(state).height) : null,
  seek: wantedSeek,
  matches: wantedMatches,
  page: (state) => {
    const page = wantedPage(state);
    return page === null ? null : { type: "fetch-page", ...page };
  },
  queue: (state) => {
    const page = wantedQueuePage(state);
    return page === null ? null : { type: "fetch-queue", ...page };
  },
  find: (state) => (isLive(state) && state.wanted !== null ? { type: "find", id: state.wanted } : null),
  chain: (state) => {
    const operation = selectedOperation(state);
    if (operation === null || !isReachable(state, operation.id) || !chainIncomplete(state, operation))
      return null;
    const known = `${operation.id} ${operation.chain.next}`;
    return { type: "fetch-chain", chain: operation.chain.id, known };
  },
  history: (state) => {
    const history = wantedHistory(state);
    return history === null ? null : { type: "fetch-history", ...history };
  },
  types: (state) => (state.typesWanted && isLive(state) ? { type: "fetch-types" } : null),
  attempts: (state) => {
    if (state.page?.kind !== "record" || !isReachable(state, state.page.id)) return null;
    const operation = operationOf(state, state.page.id);
    if (operation === null) return null;
    return { type: "read-attempts", id: operation.id, attempt: operation.attempt, state: operation.state };
  },
  timeline: ({ page }) => (page?.kind === "timeline" ? { type: "read-timeline", first: page.first } : null),
  forecast: (state) => {
    const { queued, running } = state.view.counts;
    if (!isLive(state) || queued === 0) return null;
    return { type: "fetch-forecast", run: `${queued} ${running} ${state.queuesRun}` };
  },
  // The stream does not report queues. A pause blocks the queued operations.
  queues: (state) =>
    isLive(state)
      ? { type: "fetch-queues", run: `${state.queuesRun} ${blocked(state)} ${queueCounts(state)}` }
      : null,
  // A drain blocks queued operations, as a pause does.
  hosts: (state) =>
    isLive(state) && (state.hosts.length === 0 || state.page?.kind === "hosts")
      ? { type: "fetch-hosts", run: `${state.queuesRun} ${blocked(state)}`, every: hostsEvery(state) }
      : null,
  dependencies: (state) => {
    const ids = isReachable(state, state.selected) ? unknownDependencies(state) : [];
    return ids.length === 0 ? null : { type: "fetch-dependencies", ids };
  },
  why: (state) => {
    const failure = wantedWhy(state);
    return failure === null ? null : { type: "fetch-why", ...failure };
  },
  today: (state) => {
    const today = isLive(state) ? wantedToday(state) : null;
    return today === null ? null : { type: "count-today", ...today };
  },
  failures: (state) => (isLive(state) ? { type: "fetch-failures", failed: state.view.counts.failed } : null),
  daemon: (state) => (isLive(state) && state.hosts.length === 0 ? { type: "fetch-daemon" } : null),
};

/** Without a fleet nothing of the hosts is on the screen but their page. */
function hostsEvery({ page, fleet }: State): number | null {
  if (page?.kind === "hosts") return 2000;
  return fleet?.fleet ? 5000 : null;
}

/** The page of the queues counts what they hold. */
function queueCounts({ page, view: { counts } }: State): string {
  return page?.kind === "queues" ? `${counts.running} ${counts.queued}` : "";
}

/** Rows of the queue that are blocked: the list has few of them. */
function blocked(state: State): number {
  return listLayout(state).rows.filter(({ id }) => operationOf(state, id)?.blocked != null).length;
}

/** The state with the effects that its slots want now and did not want before. */
export function withWanted(state: State): State {
  let asked: Record<string, string | null> | null = null;
  let next = state;
  const live = liveHosts(state)
    .map(({ name }) => name)
    .join(" ");
  for (const [slot, wanted] of Object.entries(WANTS)) {
    const effect = wanted(state);
    const whose = live === "" || !OF_ALL.has(slot) ? "" : ` ${live}`;
    const key = effect === null ? null : JSON.stringify(effect) + whose;
    if ((state.asked[slot] ?? null) === key) continue;
    asked ??= { ...state.asked };
    asked[slot] = key;
    next = emit(next, { type: "slot", slot, effect });
  }
  return asked === null ? state : { ...next, asked };
}

/** Whether something on the screen counts seconds, or is to go by itself: while nothing does, no timer runs. */
export function ticks(state: State): boolean {
  if (state.connection.state !== "live") return state.connection.state === "away";
  if (state.notice !== null || countsHostSeconds(state)) return true;
  const operation = selectedOperation(state);
  if (operation?.state === "running") return true;
  if (listLayout(state).rows.some(({ id }) => operationOf(state, id)?.state === "running")) return true;
  // A selection that was moved to something finished goes back to what is live.
  return (
    state.movedAt !== null && operation !== null && isFinal(operation.state) && state.view.counts.running > 0
  );
}
