/**
 * The first row: what runs, is queued and waits for the person, and the clock; while something
 * runs, its slots and load.
 */
import { Box, Text } from "ink";
import Spinner from "ink-spinner";
import { memo } from "react";
import { isAsked } from "../describe/waits.js";
import { formatShortTime } from "../kit/output/local-time.js";
import { formatBytes, formatCount } from "../terminal/format.js";
import { Row, useTheme } from "./core/layout/Panel.js";
import { waitingOf } from "./core/list/waiting.js";
import type { State } from "./core/model.js";
import { nextRun, queueTime, slotCount } from "./core/queues/queue-view.js";
import { underWay } from "./core/request.js";
import { clock } from "./core/state-style.js";
import { fit, sanitizeLine, widthOf } from "./text/cells.js";
import { fitting, Line, type Piece } from "./text/line.js";
import { dimmed, type Style, type Theme } from "./text/theme.js";

/** Columns of the spinner, with the space before it. */
const SPINNER = 4;

export function Header({ state }: { state: State }) {
  const theme = useTheme();
  const busy = state.connection.state === "connecting" || state.request !== null;
  const width = state.size.columns - (busy ? SPINNER : 0);
  return <HeaderRow text={headerText(state, width, theme)} busy={busy} />;
}

interface HeaderRowProps {
  text: string;
  busy: boolean;
}

const HeaderRow = memo(function HeaderRow({ text, busy }: HeaderRowProps) {
  if (!busy) return <Row text={text} />;
  return (
    <Box>
      <Row text={text} />
      <Text> </Text>
      <Spinner type="simpleDots" />
    </Box>
  );
});

function headerText(state: State, width: number, theme: Theme): string {
  const { connection } = state;
  if (connection.state === "live") return facts(state, width, theme);
  if (connection.state === "away")
    return facts({ ...state, now: connection.since }, width, dimmed(theme));
  const none = connection.hung === undefined ? "no daemon" : "daemon not responding";
  const text = connection.reason === null ? "connecting" : none;
  return new Line(width, theme.paint).add(" liveops ", "bold").add(text, "warn").toString();
}

interface Fact {
  readonly long: readonly Piece[];
  readonly short?: readonly Piece[];
  /** On a narrow terminal, a lower rank stays longer. */
  readonly rank: number;
}

const widthOfAll = (pieces: readonly Piece[]) =>
  pieces.reduce((sum, [text]) => sum + widthOf(text), 0);
const longWidth = ({ long }: Fact) => widthOfAll(long);
const shortWidth = ({ long, short = long }: Fact) => widthOfAll(short);

/**
 * The facts that fit, the left ones and the right ones apart; the first of them long where there is
 * room.
 */
function facts(state: State, width: number, theme: Theme): string {
  const [left, right] = [leftFacts(state), rightFacts(state)];
  const all = [...left, ...right];
  const gap = all.reduce((sum, fact) => sum + longWidth(fact) + 3, 2) <= width ? 3 : 2;
  const costOf = (fact: Fact) => shortWidth(fact) + gap;
  const rankOf = ({ rank }: Fact) => rank;
  const chosen = fitting(all, width - 1, costOf, rankOf);
  const room = [...chosen].reduce((rest, fact) => rest - costOf(fact), width - 1);
  const long = fitting([...chosen], room, (fact) => longWidth(fact) - shortWidth(fact), rankOf);
  const piecesOf = (list: readonly Fact[]) =>
    list
      .filter((fact) => chosen.has(fact))
      .flatMap((fact): Piece[] => [
        [" ".repeat(gap)],
        ...(long.has(fact) ? fact.long : (fact.short ?? fact.long)),
      ])
      .slice(1);
  const line = new Line(width, theme.paint).add(" ");
  const last = piecesOf(right);
  for (const piece of piecesOf(left)) line.add(...piece);
  line.fill(width - widthOfAll(last) - 1);
  for (const piece of last) line.add(...piece);
  return line.fill().toString();
}

/** Blanks after the text, so that the next fact keeps its place while the figures change. */
const padded = (least: number, ...pieces: Piece[]): Piece[] => [
  ...pieces,
  [" ".repeat(Math.max(0, least - widthOfAll(pieces)))],
];

/** Columns of a sign and of two digits, and of ` ~12 min`. */
const FIGURE = 4;
const WAIT = 8;

/** A sign with a count; the word gives way. */
const count = (rank: number, figure: string, word: string, ...styles: Style[]): Fact => ({
  rank,
  long: padded(FIGURE + 1 + word.length, [`${figure} ${word}`, ...styles]),
  short: padded(FIGURE, [figure, ...styles]),
});

function leftFacts(state: State): Fact[] {
  const { running, queued, toAnswer } = state.view.counts;
  const { until, delayed } = queueTime(state);
  const fresh = waitingOf(state).filter((it) => !isAsked(it)).length;
  const queue = `○ ${formatCount(queued)}`;
  const style: Style = queued > 0 ? "plain" : "muted";
  const list: Fact[] = [
    { long: [["liveops", "bold"]], rank: 6 },
    count(0, `● ${formatCount(running)}`, "running", ...(running > 0 ? BUSY : IDLE)),
    {
      rank: 1,
      long: padded(FIGURE + WAIT + 7, [`${queue} queued`, style], [until], [delayed, "muted"]),
      short: padded(FIGURE + WAIT, [queue, style], [until]),
    },
  ];
  if (toAnswer > 0) list.push(count(2, `? ${formatCount(toAnswer)}`, "to answer", "warn", "bold"));
  if (fresh > 0) list.push(count(3, `✗ ${formatCount(fresh)}`, "new", "bad", "bold"));
  return list;
}

const BUSY: readonly Style[] = ["accent", "bold"];
const IDLE: readonly Style[] = ["muted"];

/** Columns of the name of a schedule or a host. */
const NAME_MOST = 16;
const nameOf = (name: string): string => fit(sanitizeLine(name), NAME_MOST);

function rightFacts(state: State): Fact[] {
  if (state.request !== null) return [{ long: [[underWay(state.request), "warn"]], rank: 2 }];
  return [
    ...loadFacts(state),
    ...nextFacts(state),
    { long: [[clock(state.now, false), "plain"]], rank: 3 },
  ];
}

/** Columns of `12/16`, `100%` and `999.9 MiB`. */
const COLUMNS = { slots: 5, cpu: 4, mem: 9 };

/** Slots, CPU and memory of what runs. */
function loadFacts(state: State): Fact[] {
  const operations = [...state.view.operations.values()];
  // A program that waits for input keeps its slot.
  const running = operations.filter(
    (it) => it.state === "running" && it.parent === undefined,
  ).length;
  if (running === 0) return [];
  const all = slotCount(state);
  const used = operations.flatMap(({ usage }) => usage ?? []);
  const { cores } = state.operation;
  const bytes = used.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  const fact = (name: keyof typeof COLUMNS, figure: string | false, rank: number): Fact => ({
    long: [[`${name} `, "muted"], [(figure || "–").padStart(COLUMNS[name])]],
    rank,
  });
  return [
    ...(all === null ? [] : [fact("slots", `${running}/${all}`, 8)]),
    fact("cpu", cores !== null && `${Math.round(cores * 100)}%`, 4),
    fact("mem", used.length > 0 && formatBytes(bytes), 7),
  ];
}

/** The run that the schedules submit next. */
function nextFacts(state: State): Fact[] {
  const next = nextRun(state);
  if (next === null) return [];
  const at = formatShortTime(new Date(next.at), new Date(state.now));
  return [{ long: [["next ", "muted"], [nameOf(next.name)], [` ${at}`, "muted"]], rank: 8 }];
}
