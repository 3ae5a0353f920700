/** The first row: counts of running, queued and failed operations, slots, CPU and the clock. */
import { Box, Text } from "ink";
import Spinner from "ink-spinner";
import { memo } from "react";
import { formatShortTime } from "../kit/output/local-time.js";
import { formatCount } from "../terminal/format.js";
import { ticks } from "./asks.js";
import { EMPTY, FULL, LEAST_CORES, SPARKS, sparkline } from "./core/bars.js";
import { succeededToday } from "./core/history.js";
import { namesHosts } from "./core/hosts.js";
import type { State } from "./core/model.js";
import { needsOf } from "./core/needs.js";
import { Row, useTheme } from "./core/Panel.js";
import { nextRun, queueTime, slotCount } from "./core/queue-view.js";
import { underWay } from "./core/request.js";
import { clock } from "./core/state-style.js";
import { fit, sanitizeLine, widthOf } from "./text/cells.js";
import { fitting, Line, type Piece } from "./text/line.js";
import { dimmed, type Style, type Theme } from "./text/theme.js";

/** Columns of the spinner, with the space before it. */
const SPINNER = 4;

export function Header({ state }: { state: State }) {
  const theme = useTheme();
  const { connection } = state;
  const busy = connection.state === "connecting" || state.request !== null;
  const width = state.size.columns - (busy ? SPINNER : 0);
  const text =
    connection.state === "live"
      ? facts(state, width, theme)
      : connection.state === "away"
        ? facts({ ...state, now: connection.since }, width, dimmed(theme))
        : connecting(state, width, theme);
  return <HeaderRow text={text} busy={busy} />;
}

interface HeaderRowProps {
  text: string;
  busy: boolean;
}

const HeaderRow = memo(function HeaderRow({ text, busy }: HeaderRowProps) {
  const { moves } = useTheme();
  if (!busy) return <Row text={text} />;
  return (
    <Box>
      <Row text={text} />
      <Text> </Text>
      {moves ? <Spinner type="simpleDots" /> : <Text>…</Text>}
    </Box>
  );
});

function connecting(state: State, width: number, { paint }: Theme): string {
  const { connection } = state;
  const isNew = connection.state !== "connecting" || connection.reason === null;
  const isHung = connection.state === "connecting" && connection.hung !== undefined;
  const none = isHung ? "daemon not responding" : "no daemon";
  const text = isNew ? "connecting" : none;
  return new Line(width, paint).add(" liveops ", "bold").add(text, "warn").toString();
}

interface Fact {
  readonly long: readonly Piece[];
  readonly short?: readonly Piece[];
  /** Least columns of both forms, so that the next fact keeps its place while the figures change. */
  readonly least?: readonly [long: number, short: number];
  /** On a narrow terminal, a lower rank stays longer. */
  readonly rank: number;
}

const pieceWidth = (pieces: readonly Piece[]) => pieces.reduce((sum, [text]) => sum + widthOf(text), 0);
const longWidth = ({ long, least }: Fact) => Math.max(pieceWidth(long), least?.[0] ?? 0);
const shortWidth = ({ long, short = long, least }: Fact) => Math.max(pieceWidth(short), least?.[1] ?? 0);
const BUSY: readonly Style[] = ["accent", "bold"];
const IDLE: readonly Style[] = ["muted"];
const GAP = 3;
/** Higher than every rank. */
const AFTER_LEFT = 100;

/** The facts that fit, the left ones and the right ones apart. Where there is room they are long, the left ones first. */
function facts(state: State, width: number, theme: Theme): string {
  const [left, right] = [leftFacts(state), rightFacts(state)];
  const all = [...left, ...right];
  const gap = all.reduce((sum, fact) => sum + longWidth(fact) + GAP, 0) <= width - 2 ? GAP : 2;
  const shortOf = (fact: Fact) => fact.short ?? fact.long;
  const costOf = (fact: Fact) => shortWidth(fact) + gap;
  const chosen = fitting(all, width - 1, costOf, ({ rank }) => rank);
  const room = [...chosen].reduce((rest, fact) => rest - costOf(fact), width - 1);
  const moreOf = (fact: Fact) => longWidth(fact) - shortWidth(fact);
  const leftFirst = (fact: Fact) => fact.rank + (left.includes(fact) ? 0 : AFTER_LEFT);
  const long = fitting([...chosen], room, moreOf, leftFirst);
  const textOf = (fact: Fact) => (long.has(fact) ? fact.long : shortOf(fact));
  const widthIn = (fact: Fact) => (long.has(fact) ? longWidth(fact) : shortWidth(fact));
  const line = new Line(width, theme.paint).add(" ");
  const add = (list: readonly Fact[]) => {
    for (const fact of list) {
      const end = width - line.left + widthIn(fact) + gap;
      for (const [text, ...styles] of textOf(fact)) line.add(text, ...styles);
      line.fill(end);
    }
  };
  add(left.filter((fact) => chosen.has(fact)));
  const last = right.filter((fact) => chosen.has(fact));
  line.fill(width - last.reduce((sum, fact) => sum + widthIn(fact) + gap, 0) + gap - 1);
  add(last);
  return line.fill().toString();
}

/** Columns of a sign and of two digits, and of ` ~12 min`. */
const FIGURE = 4;
const WAIT = 8;

/** A sign with a count; the word gives way. */
const count = (rank: number, figure: string, word: string, ...styles: Style[]): Fact => ({
  long: [[`${figure}${word}`, ...styles]],
  short: [[figure, ...styles]],
  least: [FIGURE + word.length, FIGURE],
  rank,
});

function leftFacts(state: State): Fact[] {
  const { running, queued, failed } = state.view.counts;
  const { until, delayed } = queueTime(state);
  const today = succeededToday(state);
  const waiting = count(1, `○ ${formatCount(queued)}`, " queued", queued > 0 ? "plain" : "muted");
  const needs = needsOf(state).length;
  const list: Fact[] = [
    { long: [["liveops", "bold"]], rank: 6 },
    count(0, `● ${formatCount(running)}`, " running", ...(running > 0 ? BUSY : IDLE)),
    {
      ...waiting,
      long: [...waiting.long, [until], [delayed, "muted"]],
      short: [...waiting.short!, [until]],
      least: [waiting.least![0] + WAIT, waiting.least![1] + WAIT],
    },
  ];
  if (needs > 0)
    list.push({
      long: [
        [`◆ ${formatCount(needs)}`, "warn", "bold"],
        [needs === 1 ? " needs you" : " need you", "muted"],
      ],
      short: [[`◆ ${formatCount(needs)}`, "warn", "bold"]],
      rank: 4,
    });
  if (failed > 0) list.push(count(5, `✗ ${formatCount(failed)}`, " failed", "muted"));
  if (today !== null && today > 0)
    list.push({
      long: [
        ["✓", "good"],
        [` ${formatCount(today)} today`, "muted"],
      ],
      short: [[`✓ ${formatCount(today)}`, "muted"]],
      rank: 7,
    });
  if (namesHosts(state)) list.push({ long: hostFigures(state), rank: 9 });
  return [...list, ...scheduleFacts(state)];
}

/** The operations of each host. A host that never answered has no counts. */
function hostFigures({ hosts }: State): Piece[] {
  const known = hosts.all.filter(({ state, since }) => state === "up" || since !== null);
  return known.flatMap(({ name, state, daemon }, i): Piece[] => {
    const { running = 0, queued = 0 } = daemon?.counts ?? {};
    const isUp = state === "up";
    return [
      [`${i === 0 ? "" : "  "}${nameOf(name)}`, isUp ? "plain" : "muted"],
      [` ●${formatCount(running)} ○${formatCount(queued)}`, isUp && running > 0 ? "accent" : "muted"],
    ];
  });
}

/** Columns of the name of a schedule or a host. */
const NAME_MOST = 16;
const nameOf = (name: string): string => fit(sanitizeLine(name), NAME_MOST);

/** The run that the schedules submit next. */
function scheduleFacts(state: State): Fact[] {
  const next = nextRun(state);
  if (next === null) return [];
  const at = formatShortTime(new Date(next.at), new Date(state.now));
  return [{ long: [["next ", "muted"], [nameOf(next.name)], [` ${at}`, "muted"]], rank: 8 }];
}

function rightFacts(state: State): Fact[] {
  if (state.request !== null) return [{ long: [[underWay(state.request), "warn"]], rank: 2 }];
  const list: Fact[] = [];
  const { running } = state.view.counts;
  const { load } = state.operation;
  const all = slotCount(state);
  if (all !== null) {
    const slots = Math.min(12, all);
    const busy = Math.min(slots, Math.round((running / Math.max(1, all)) * slots));
    const figure = `${formatCount(running)}/${formatCount(all)}`;
    list.push({
      long: [
        ["slots ", "muted"],
        [FULL.repeat(busy), "accent"],
        [EMPTY.repeat(slots - busy), "track"],
        [` ${figure}`],
      ],
      short: [["slots ", "muted"], [figure]],
      rank: 8,
    });
  }
  const percent = cpuText(state).padStart(4);
  list.push({
    long: [["cpu ", "muted"], ...spark(load, 8), [` ${percent}`]],
    short: [["cpu ", "muted"], ...spark(load, 4), [` ${percent}`]],
    rank: 4,
  });
  list.push({ long: [[clock(state.now, ticks(state)), "plain"]], least: [TIME, TIME], rank: 3 });
  return list;
}

/** Columns of `12:03:45`. Without its seconds, the time of day keeps its place. */
const TIME = 8;

/** The load of all running operations in percent of a core; `–` before the first sample. */
function cpuText({ operation: { load }, view }: State): string {
  const cores = view.counts.running === 0 ? 0 : load.at(-1);
  return cores === undefined ? "–" : `${formatCount(Math.round(cores * 100))}%`;
}

function spark(load: readonly number[], width: number): Piece[] {
  const line = sparkline(load, width, LEAST_CORES);
  return [
    [SPARKS[0]!.repeat(width - [...line].length), "track"],
    [line, "accent"],
  ];
}
