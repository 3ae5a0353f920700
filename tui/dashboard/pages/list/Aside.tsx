/** The third column of a wide terminal: what starts next, the hosts, and what finished today. */
import { Box } from "ink";
import type { Operation } from "../../../../protocol/operation.js";
import { laterStart } from "../../../../protocol/start-time.js";
import { isFinal } from "../../../../protocol/state.js";
import { formatShortTime } from "../../../kit/output/local-time.js";
import { formatCount, formatDuration } from "../../../terminal/format.js";
import { answerOf } from "../../core/ask.js";
import { SPARKS } from "../../core/bars.js";
import { nameOf } from "../../core/chain.js";
import { finishedToday, midnight } from "../../core/history.js";
import { daemon, hasHosts } from "../../core/hosts.js";
import { BORDER, panesOf } from "../../core/layout.js";
import type { State } from "../../core/model.js";
import { Panel, Rows, useTheme } from "../../core/Panel.js";
import { forecastOf, slotCount } from "../../core/queue-view.js";
import { styleOfState } from "../../core/state-style.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { Line, type Piece } from "../../text/line.js";
import type { Style, Theme } from "../../text/theme.js";

const HOSTS_MOST = 12;
const HOURS = 24;

export function Aside({ state }: { state: State }) {
  const theme = useTheme();
  const { asideWidth: width, height } = panesOf(state);
  const room = width - BORDER - 2;
  const hosts = hostRows(state, room, theme);
  const today = todayRows(state, room, theme);
  const nextHeight = height - hosts.length - today.length - 2 * BORDER;
  const next = nextRows(state, room, nextHeight - BORDER, theme);
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0}>
      <Part title="Next" width={width} height={nextHeight} rows={next} />
      <Part
        title={hosts.length > 1 ? "Hosts" : "Host"}
        width={width}
        height={hosts.length + BORDER}
        rows={hosts}
      />
      <Part title="Today" width={width} height={today.length + BORDER} rows={today} />
    </Box>
  );
}

function Part({
  title,
  width,
  height,
  rows,
}: {
  title: string;
  width: number;
  height: number;
  rows: Line[];
}) {
  const pieces: Piece[] = [[title, "bold"]];
  return (
    <Panel width={width} height={height} title={pieces} margin={1}>
      <Rows rows={rows} />
    </Panel>
  );
}

/** The next runs of the schedules, and the queued operations whose start is known, in the order of their starts. */
function nextRows(state: State, width: number, height: number, { paint }: Theme): Line[] {
  const queued: Operation[] = [...state.view.operations.values()].filter(({ state: is }) => is === "queued");
  const starts = queued.flatMap((operation) => {
    const expected = forecastOf(state, operation)?.startsAt;
    const at = expected ? Date.parse(expected) : laterStart(operation, state.now);
    return at === null ? [] : [{ at, name: nameOf(state, operation), what: "" }];
  });
  const runs = state.queues.schedules.flatMap(({ name, nextAt }) =>
    nextAt === null ? [] : [{ at: Date.parse(nextAt), name, what: "schedule" }],
  );
  const all = [...starts, ...runs].toSorted((a, b) => a.at - b.at);
  if (all.length === 0) return [new Line(width, paint).add("nothing is planned", "muted")];
  const rows = all
    .slice(0, Math.max(0, all.length > height ? height - 1 : height))
    .map(({ at, name, what }) => {
      const time = formatShortTime(new Date(at), new Date(state.now));
      const right = what === "" ? "" : `  ${what}`;
      const line = new Line(width, paint).add(time.padEnd(6), "muted").add(" ");
      return line.add(fit(sanitizeLine(name), line.left - widthOf(right))).right(right, "muted");
    });
  const more = all.length - rows.length;
  return more > 0 ? [...rows, new Line(width, paint).add(`⋯ ${formatCount(more)} more`, "muted")] : rows;
}

function hostRows(state: State, width: number, { paint }: Theme): Line[] {
  const all = hostsOf(state);
  const rows = all.slice(0, all.length > HOSTS_MOST ? HOSTS_MOST - 1 : HOSTS_MOST).map((host) => {
    const isUp = host.state === "";
    const right = isUp ? host.figures : host.state;
    const line = new Line(width, paint).add(isUp ? "● " : "▲ ", isUp ? "accent" : "warn");
    const style: Style = isUp ? "muted" : "warn";
    return line.add(fit(sanitizeLine(host.name), line.left - widthOf(right) - 1)).right(right, style);
  });
  const more = all.length - rows.length;
  return more > 0 ? [...rows, new Line(width, paint).add(`⋯ ${formatCount(more)} more`, "muted")] : rows;
}

/** `3/8 slots`; without the slots: `3 running`. */
const slotsText = (running: number, slots: number | null): string =>
  slots === null ? `${formatCount(running)} running` : `${formatCount(running)}/${formatCount(slots)} slots`;

interface HostRow {
  readonly name: string;
  readonly figures: string;
  /** A state other than up; "": up. */
  readonly state: string;
}

function hostsOf(state: State): readonly HostRow[] {
  if (hasHosts(state))
    return state.hosts.all.map(({ name, running, slots, draining, state: is }) => {
      const upState = draining ? "drained" : "";
      return { name, figures: slotsText(running, slots), state: is === "up" ? upState : is };
    });
  const name = answerOf(state, daemon)?.host ?? "this machine";
  return [{ name, figures: slotsText(state.view.counts.running, slotCount(state)), state: "" }];
}

/** Finished operations by hour, with how they ended. */
function todayRows(state: State, width: number, { paint }: Theme): Line[] {
  const since = new Date(midnight(state.now)).toISOString();
  const finished = [...state.view.operations.values()].filter(
    ({ state: is, finishedAt, parent }) =>
      isFinal(is) && finishedAt !== null && finishedAt >= since && parent === undefined,
  );
  const strip = new Line(width, paint);
  const hours = Array.from({ length: HOURS }, () => ({ all: 0, failed: 0 }));
  for (const { finishedAt, state: is } of finished) {
    const hour = hours[new Date(finishedAt!).getHours()]!;
    hour.all++;
    if (is === "failed") hour.failed++;
  }
  const most = Math.max(1, ...hours.map(({ all }) => all));
  for (const { all, failed } of hours.slice(0, new Date(state.now).getHours() + 1)) {
    const sign = SPARKS[Math.ceil((all / most) * (SPARKS.length - 1))] ?? " ";
    strip.add(sign, all === 0 ? "track" : failed > 0 ? "bad" : "good");
  }
  const count = (is: Operation["state"]) => finished.filter((operation) => operation.state === is).length;
  const line = new Line(width, paint);
  for (const [is, sign] of [
    ["succeeded", "✓"],
    ["failed", "✗"],
    ["cancelled", "⊘"],
  ] as const)
    if (count(is) > 0) line.addWhole(`${sign} ${formatCount(count(is))}  `, styleOfState(is));
  const seconds = finished.flatMap(({ state: is, seconds: took }) =>
    is === "succeeded" && took !== null ? [took] : [],
  );
  const median = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)];
  if (median !== undefined) line.addWhole(`median ${formatDuration(median)}`, "muted");
  if (finished.length === 0) line.add("nothing finished yet", "muted");
  // The list has not all of a busy day.
  const all = finishedToday(state) ?? 0;
  const rows = [strip, line];
  if (all > finished.length)
    rows.push(
      new Line(width, paint).add(`newest ${formatCount(finished.length)} of ${formatCount(all)}`, "muted"),
    );
  return rows;
}
