/**
 * What is wrong with the machinery now, the worst first, each with the key that shows or mends it:
 * the daemon, its hosts, paused queues. Pure.
 */
import { formatAge } from "../../../kit/output/time.js";
import { formatDuration } from "../../../terminal/format.js";
import { fit, sanitizeLine } from "../../text/cells.js";
import { ownHost } from "../hosts/hosts.js";
import type { Connection } from "../hosts/slice.js";
import { labelOf } from "../keys/action.js";
import type { State } from "../model.js";
import { perObject } from "../per-object.js";
import { againstHung } from "../request.js";
import { PAUSED } from "../state-style.js";
import type { Trouble } from "./source.js";

/** The same for the same state: the layout asks for it too. */
export const troublesOf = perObject((state: State): readonly Trouble[] => {
  // The rest is only what was told last.
  if (state.connection.state === "away") return [silentDaemon(state, state.connection)];
  if (state.connection.state === "connecting") return [];
  return [...hostTrouble(state), ...queueTrouble(state)];
});

/** The key of an action, as the config has it. */
export const keyOf = ({ session: { actions } }: State, name: string): string => {
  const action = actions.find((each) => each.name === name);
  return action === undefined ? "" : labelOf(action);
};

const warning = (
  state: State,
  text: string,
  detail: string,
  action: string,
  does = "shows",
): Trouble => ({
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

function silentDaemon(
  state: State,
  { since, hung }: Extract<Connection, { state: "away" }>,
): Trouble {
  const text = `▲ daemon not responding (${silence(since, state.now)})`;
  const detail = ", reconnecting";
  if (hung !== undefined) {
    const [command, does] = againstHung(hung, state.session.flags)[0]!;
    const isNarrow = state.size.columns < NARROW;
    return { style: "warn", text, detail: "", key: command, does: isNarrow ? "" : `to ${does}` };
  }
  return warning(state, text, detail, "submit", "starts it");
}

/** The engine of the hosts, hosts that do not answer, and whether this host starts nothing. */
function hostTrouble(state: State): Trouble[] {
  const list: Trouble[] = [];
  const away = state.hosts.engine?.awaySince ?? null;
  if (away !== null)
    list.push(
      warning(state, `▲ engine not responding (${formatAge(away, state.now)})`, "", "hosts"),
    );
  const lost = state.hosts.all.filter((host) => host.state === "unreachable");
  const [first] = lost;
  if (first !== undefined) {
    const since = `no answer for ${silence(Date.parse(first.since ?? first.renewedAt), state.now)}`;
    const text =
      lost.length === 1
        ? `host ${short(first.name)}: ${since}`
        : `${lost.length} hosts do not answer`;
    list.push(warning(state, `▲ ${text}`, "", "hosts"));
  }
  if (ownHost(state)?.draining) list.push(warning(state, `${PAUSED} host drained`, "", "hosts"));
  return list;
}

function queueTrouble(state: State): Trouble[] {
  const paused = state.queues.all.filter(({ pausedSince }) => pausedSince !== null);
  const [first, ...others] = paused;
  if (first === undefined) return [];
  const some = others.length === 0 ? `queue ${short(first.name)}` : `${paused.length} queues`;
  const which = paused.length < state.queues.all.length ? some : "all queues";
  return [warning(state, `${PAUSED} ${which} paused`, "", "queues")];
}

const NAME_MOST = 24;
const short = (name: string): string => fit(sanitizeLine(name), NAME_MOST);
