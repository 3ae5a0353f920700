/**
 * What is wrong now, the worst first, each with the key that shows or mends it: the daemon does not answer, a program
 * waits for input, new failures, hosts, schedules, paused queues. Pure.
 */
import { waitsForApproval } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ScheduleReply } from "../../../protocol/replies.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { formatAge } from "../../kit/output/time.js";
import { formatDuration } from "../../terminal/format.js";
import { fit, sanitizeLine } from "../text/cells.js";
import { labelOf } from "./action.js";
import { nameOf, operationOf, selectedOperation } from "./chain.js";
import { namesHosts, ownHost, unreachableHosts } from "./hosts.js";
import type { State } from "./model.js";
import { perObject } from "./per-object.js";
import { pausedQueues } from "./queue-view.js";
import { againstHung } from "./request.js";
import type { Connection } from "./slices/hosts.js";
import type { Trouble } from "./source.js";
import { PAUSED } from "./state-style.js";

/** The same for the same state: the layout asks for it too. */
export const troublesOf = perObject((state: State): readonly Trouble[] => {
  // The rest is only what was told last.
  if (state.connection.state === "away") return [silentDaemon(state, state.connection)];
  if (state.connection.state === "connecting") return [];
  if (state.session.readOnly !== null) return [exported(state.session.readOnly, state.session.changed)];
  return [
    ...waitTrouble(state),
    ...failureTrouble(state),
    ...hostTrouble(state),
    ...scheduleTrouble(state),
    ...queueTrouble(state),
  ];
});

/** Not wrong, but to be known before anything else. */
function exported(file: string, changed: readonly string[]): Trouble {
  const isChanged = changed.length > 0;
  return {
    style: isChanged ? "warn" : "accent",
    text: `■ ${fit(sanitizeLine(file), 40)}`,
    detail: isChanged
      ? `, read-only, changed after the export: ${sanitizeLine(changed.join(", "))}`
      : ", an exported run, read-only",
    key: "",
    does: "",
  };
}

const keyOf = ({ session: { actions } }: State, name: string): string => {
  const action = actions.find((each) => each.name === name);
  return action === undefined ? "" : labelOf(action);
};

const warning = (state: State, text: string, detail: string, action: string, does = "shows"): Trouble => ({
  style: "warn",
  text,
  detail,
  key: keyOf(state, action),
  does,
});

/** How long a daemon has not answered. */
const silence = (since: number, now: number): string =>
  formatDuration(Math.max(0, Math.floor((now - since) / 1000)));

/** Columns from which the row has room for what a command does. */
const NARROW = 90;

function silentDaemon(state: State, { since, hung }: Extract<Connection, { state: "away" }>): Trouble {
  const who = namesHosts(state) ? "no host responds" : "daemon not responding";
  const text = `▲ ${who} (${silence(since, state.now)})`;
  const detail = ", reconnecting";
  if (hung !== undefined) {
    const [command, does] = againstHung(hung, state.session.flags)[0]!;
    const isNarrow = state.size.columns < NARROW;
    return { style: "warn", text, detail: "", key: command, does: isNarrow ? "" : `to ${does}` };
  }
  return namesHosts(state)
    ? warning(state, text, detail, "hosts")
    : warning(state, text, detail, "submit", "starts it");
}

/** Operations that wait for a person: for approval, or for input to a program. */
const waiting = perObject((operations: State["view"]["operations"]): readonly Operation[] =>
  [...operations.values()]
    .filter((it) => waitOfPerson(it) !== null)
    .toSorted((a, b) => (waitOfPerson(a)!.since < waitOfPerson(b)!.since ? -1 : 1)),
);

interface PersonWait {
  readonly since: string;
  readonly for: "input" | "approval";
  readonly prompt: string;
}

function waitOfPerson(operation: Operation): PersonWait | null {
  const open = waitsForApproval(operation);
  if (open !== null) return { since: open.since, for: "approval", prompt: open.question };
  const { state, waitingForInput, cancelRequested } = operation;
  if (state !== "running" || waitingForInput === null || cancelRequested) return null;
  return { ...waitingForInput, for: "input" };
}

/** The operation that `!` shows: what the notice is about, what waits for input, a new failure; null: none. */
export function needsLook(state: State): string | null {
  const about = state.notice?.about ?? null;
  if (operationOf(state, about) !== null) return about;
  const waits = waiting(state.view.operations).map(({ id }) => id);
  const failures = state.needs.failures.filter((id) => operationOf(state, id) !== null);
  // From one that waits, on to the failures.
  const all = waits.includes(state.selected ?? "") ? [...failures, ...waits] : [...waits, ...failures];
  return all.find((id) => id !== state.selected) ?? null;
}

function waitTrouble(state: State): Trouble[] {
  const all = waiting(state.view.operations);
  const [first] = all;
  if (first === undefined) return [];
  const selected = selectedOperation(state);
  const one = all.find(({ id }) => id === selected?.id) ?? first;
  const { prompt, since, for: what } = waitOfPerson(one)!;
  const others = all.length > 1 ? ` (${all.length - 1} more)` : "";
  const text = `▲ ${named(state, one)} waits for ${what}${others}`;
  const detail = ` ${formatAge(since, state.now)}${prompt === "" ? "" : `: "${sanitizeLine(prompt).trim()}"`}`;
  return one === selected
    ? [warning(state, text, detail, "answer", "answers")]
    : [warning(state, text, detail, "next-failure")];
}

function failureTrouble(state: State): Trouble[] {
  const known = state.needs.failures.map((id) => operationOf(state, id)).filter((each) => each !== null);
  const [first] = known;
  if (first === undefined) return [];
  const name = named(state, first);
  const why = first.error === null ? "failed" : sanitizeLine(firstLine(first.error.message));
  const count = state.needs.failures.length;
  return [
    {
      style: "bad",
      text: count === 1 ? `✗ ${name}` : `✗ ${count} new failures`,
      detail: count === 1 ? `: ${why}` : `: ${name}: ${why}`,
      key: keyOf(state, "next-failure"),
      does: "shows",
    },
  ];
}

/** The engine of the fleet, hosts that do not answer, and whether this host starts nothing. */
function hostTrouble(state: State): Trouble[] {
  const list: Trouble[] = [];
  const away = state.hosts.engine?.awaySince ?? null;
  if (away !== null)
    list.push(warning(state, `▲ engine not responding (${formatAge(away, state.now)})`, "", "hosts"));
  const lost = unreachableHosts(state);
  const [first] = lost;
  if (first !== undefined) {
    const since =
      first.since === null
        ? "never answered"
        : `no answer for ${silence(Date.parse(first.since), state.now)}`;
    const text =
      lost.length === 1 ? `host ${short(first.name)}: ${since}` : `${lost.length} hosts do not answer`;
    list.push(warning(state, `▲ ${text}`, "", "hosts"));
  }
  if (ownHost(state)?.draining) list.push(warning(state, `${PAUSED} host drained`, "", "hosts"));
  return list;
}

/** Schedules whose runs are missing, or whose last run submitted nothing. */
function scheduleTrouble(state: State): Trouble[] {
  const wrong = ({ missing, lastProblem }: ScheduleReply) => missing?.text ?? lastProblem;
  const failed = state.queues.schedules.filter((each) => wrong(each) !== null && each.pausedSince === null);
  const [first, ...others] = failed;
  if (first === undefined) return [];
  const text =
    others.length === 0 ? `▲ schedule ${short(first.name)}` : `▲ ${failed.length} schedules have problems`;
  const detail = others.length === 0 ? `: ${sanitizeLine(firstLine(wrong(first)!))}` : "";
  return [warning(state, text, detail, "queues")];
}

function queueTrouble(state: State): Trouble[] {
  const paused = pausedQueues(state);
  const [first, ...others] = paused;
  if (first === undefined) return [];
  const some = others.length === 0 ? `queue ${short(first)}` : `${paused.length} queues`;
  const which = paused.length < state.queues.all.length ? some : "all queues";
  return [warning(state, `${PAUSED} ${which} paused`, "", "queues")];
}

const NAME_MOST = 24;
const short = (name: string): string => fit(sanitizeLine(name), NAME_MOST);
const named = (state: State, operation: Operation): string => short(nameOf(state, operation));
