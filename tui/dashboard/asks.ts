/** All that the dashboard asks for. A new one is an `ask` beside its page, and a name in `ASKS`. */
import { isDeepStrictEqual } from "node:util";
import { type Ask, ask } from "./core/ask.js";
import { daemon } from "./core/hosts/hosts.js";
import { hosts } from "./core/hosts/hosts-told.js";
import { emit, isLive, type State } from "./core/model.js";
import { forecast } from "./core/queues/queue-view.js";
import { ends, find, page, queue } from "./pages/list/asks.js";
import { logRange, logStream, matches, seek } from "./pages/log/asks.js";
import { chain, dependencies, history, inside, why } from "./pages/operation/asks.js";
import { queues } from "./pages/queues/asks.js";
import { types } from "./pages/submit/asks.js";
import { watchDaemon } from "./watch.js";

const watch = ask({
  always: true,
  want: () => ({}),
  bring: (_want, { client, dispatch, now, stateDir, left }) =>
    watchDaemon({ dispatch, now }, client, stateDir, left),
});

const SECOND = 1000;
const IDLE = 30 * SECOND;

const isIdle = ({ connection, notice, view: { counts } }: State) =>
  connection.state === "live" &&
  notice === null &&
  counts.running + counts.queued + counts.toAnswer === 0;

const clock = ask({
  always: true,
  // While nothing changes, the ages of what has ended are all that moves.
  want: (state) => ({ every: isIdle(state) ? IDLE : SECOND }),
  bring({ every }, { dispatch, now, left }) {
    const timer = setInterval(() => dispatch({ type: "ticked", now: now() }), every);
    left.addEventListener("abort", () => clearInterval(timer), { once: true });
  },
});

export const ASKS = {
  watch,
  clock,
  logStream,
  logRange,
  seek,
  matches,
  page,
  queue,
  find,
  chain,
  inside,
  history,
  types,
  forecast,
  queues,
  hosts,
  dependencies,
  why,
  ends,
  daemon,
};

const BY_NAME: Readonly<Record<string, Ask<object, unknown>>> = ASKS;

export const askNamed = (name: string): Ask<object, unknown> => BY_NAME[name]!;

/** The state with the effects that ask for what it wants now and did not want before. */
export function withWanted(state: State): State {
  let next = state;
  for (const [name, { want, always }] of Object.entries(BY_NAME)) {
    const wanted = always || isLive(state) ? want(state) : null;
    const before = state.asked[name] ?? null;
    if (isDeepStrictEqual(wanted, before)) continue;
    next = emit(
      { ...next, asked: { ...next.asked, [name]: wanted } },
      { type: "ask", name, want: wanted },
    );
  }
  return next;
}
