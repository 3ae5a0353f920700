/** The root component: passes keys to the store, and draws the state of the store. */
import { Box, type Key as InkKey, useApp, useInput, usePaste } from "ink";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { CommandBar, shellRows } from "./CommandBar.js";
import { filterRows, panesOf, troubleRows } from "./core/layout/layout.js";
import { Row, Rows, ThemeContext, useTheme } from "./core/layout/Panel.js";
import { waitingOf } from "./core/list/waiting.js";
import type { State } from "./core/model.js";
import type { Trouble } from "./core/trouble/source.js";
import { troublesOf } from "./core/trouble/trouble.js";
import { Header } from "./Header.js";
import { HelpPanel, helpHeight } from "./pages/help/HelpPanel.js";
import { EmptyState, tooSmall } from "./pages/list/EmptyState.js";
import { FilterLine } from "./pages/list/FilterLine.js";
import { OperationList } from "./pages/list/OperationList.js";
import { LogView } from "./pages/log/LogView.js";
import { OperationDetail } from "./pages/operation/OperationDetail.js";
import { PageView } from "./pages/pages.js";
import type { Store } from "./store.js";
import type { SuspendTerminal } from "./terminal/suspend.js";
import { fit, widthOf } from "./text/cells.js";
import { type Pressed, SPECIAL } from "./text/keys.js";
import { fitting, Line } from "./text/line.js";
import { dimmed, type TerminalFacts, type Theme, themeFor } from "./text/theme.js";

export interface AppProps {
  store: Store;
  terminal: Omit<TerminalFacts, "background">;
  /** Gets Ink's function that releases the terminal for a while. */
  onSuspendable: (suspend: SuspendTerminal) => void;
}

export function App({ store, terminal, onSuspendable }: AppProps) {
  const state = useSyncExternalStore(store.subscribe, store.drawn);
  const { background } = state;
  const theme = useMemo(() => themeFor({ ...terminal, background }), [terminal, background]);
  const { suspendTerminal } = useApp();
  useEffect(() => onSuspendable(suspendTerminal), [onSuspendable, suspendTerminal]);
  useInput((input, key) => {
    for (const pressed of pressedKeys(input, key)) store.dispatch({ type: "pressed", pressed });
  });
  // A listener turns bracketed paste on: a pasted `cy` must not cancel anything.
  usePaste((text) => store.dispatch({ type: "pasted", text }));
  return (
    <ThemeContext value={theme}>
      <Screen state={state} />
    </ThemeContext>
  );
}

export function Screen({ state }: { state: State }) {
  const theme = useTheme();
  const { columns, rows } = state.size;
  const panes = panesOf(state);
  if (panes.tooSmall)
    return (
      <Box flexDirection="column" width={columns} height={rows}>
        <Rows rows={tooSmall(state)} />
      </Box>
    );
  const isHelp = state.entry?.kind === "help";
  const shell = shellRows(state, theme);
  const body = panes.height - shell.length - (isHelp ? helpHeight(state) : 0);
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Header state={state} />
      {troubleRows(state) > 0 && <TroubleLine state={state} />}
      {filterRows(state) > 0 && <FilterLine state={state} />}
      {/* Clipping costs time in each frame: only where something stands over the panels. */}
      <Box height={body} overflow={body < panes.height ? "hidden" : "visible"}>
        <Body state={state} />
      </Box>
      {isHelp && <HelpPanel state={state} />}
      <Rows rows={shell} />
      <CommandBar state={state} />
    </Box>
  );
}

/** Nothing to list, and not because of a filter. */
const isEmpty = (state: State): boolean =>
  state.list.order.length === 0 &&
  state.list.text === "" &&
  state.selected === null &&
  waitingOf(state).length === 0;

function Body({ state }: { state: State }) {
  const { page } = state;
  if (page !== null) return <PageView state={state} page={page} />;
  if (isEmpty(state)) return <EmptyState state={state} />;
  return <Panes state={state} />;
}

function Panes({ state: now }: { state: State }) {
  const theme = useTheme();
  const { connection } = now;
  // If the daemon is away, the screen shows its last state, dimmed, and its clocks stand still.
  const away = connection.state !== "live";
  const state = connection.state === "away" ? { ...now, now: connection.since } : now;
  const { arrangement, gap } = panesOf(state);
  const list = arrangement !== "one" || state.pane === "list";
  const detail = arrangement !== "one" || state.pane === "detail";
  const panes = (
    <Box columnGap={gap}>
      {list && <OperationList state={state} />}
      {detail && (
        <Box flexDirection="column">
          <OperationDetail state={state} />
          <LogView state={state} />
        </Box>
      )}
    </Box>
  );
  return away ? <ThemeContext value={dimmed(theme)}>{panes}</ThemeContext> : panes;
}

/** Keys that were typed faster than they were read arrive as one string. */
function pressedKeys(input: string, key: InkKey): Pressed[] {
  if (key.tab && key.shift) return [{ special: "backtab" }];
  const special = SPECIAL.find((name) => name !== "backtab" && key[name]);
  if (special !== undefined) return [{ special }];
  // Escape and a key that were read at once look like the key with alt.
  const before: Pressed[] = key.meta ? [{ special: "escape" }] : [];
  return [...before, ...[...input].map((character) => pressedCharacter(character, key.ctrl))];
}

/** A control character between other characters stands for the key that sends it. */
function pressedCharacter(character: string, ctrl: boolean): Pressed {
  if (character === "\r") return { special: "return" };
  if (character === "\t") return { special: "tab" };
  if (character === "\x7f" || character === "\b") return { special: "backspace" };
  const code = character.charCodeAt(0);
  if (code >= 1 && code <= 26) return { input: String.fromCharCode(code + 96), ctrl: true };
  return { input: character, ctrl };
}

const GAP = 3;
/** Columns of a detail below which it tells nothing. */
const DETAIL_LEAST = 8;
/** Columns of `+2`. */
const MORE = 4;

function TroubleLine({ state }: { state: State }) {
  return <Row text={troubleLine(troublesOf(state), state.size.columns, useTheme())} />;
}

function troubleLine(troubles: readonly Trouble[], width: number, { paint }: Theme): string {
  const line = new Line(width, paint).add(" ");
  const keys = ({ key, does }: Trouble) =>
    key === "" ? "" : `  ${key}${does === "" ? "" : ` ${does}`}`;
  const cost = (trouble: Trouble) => widthOf(trouble.text + keys(trouble)) + GAP;
  const rank = (trouble: Trouble) => troubles.indexOf(trouble);
  const room = line.left + GAP - 1;
  const all = fitting(troubles, room, cost, rank);
  const some = all.size === troubles.length ? all : fitting(troubles, room - MORE, cost, rank);
  const chosen = some.has(troubles[0]!) ? some : new Set<Trouble>();
  // Where not even the worst fits, it is cut.
  const shown = troubles.filter(
    (trouble) => chosen.has(trouble) || (chosen.size === 0 && rank(trouble) === 0),
  );
  const left = troubles.length - shown.length;
  let spare = shown.reduce((rest, trouble) => rest - cost(trouble), room - (left > 0 ? MORE : 0));
  for (const [i, trouble] of shown.entries()) {
    const { style, text, detail, key, does } = trouble;
    const part = spare < Math.min(DETAIL_LEAST, widthOf(detail)) ? "" : fit(detail, spare);
    spare -= widthOf(part);
    const most = Math.max(1, line.left - widthOf(keys(trouble)));
    line
      .add(i === 0 ? "" : " ".repeat(GAP))
      .add(fit(text, most), style, "bold")
      .add(part, style);
    if (key !== "")
      line
        .add("  ")
        .add(key, "bold")
        .add(does === "" ? "" : ` ${does}`, "muted");
  }
  if (left > 0) line.right(`+${left} `, "warn", "bold");
  return line.toString();
}
