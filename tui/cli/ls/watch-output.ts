/** The outputs of `liveops ls --watch`: the table in place, rows of what changed, or JSON records. */

import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { paintFor } from "../../../protocol/text/colour.js";
import { OPERATIONS, type OperationContext } from "../../describe/columns.js";
import { jsonLine } from "../../kit/output/json.js";
import { fitColumns, headerLine, type Layout, rowLine, type TableStream } from "../../kit/output/table.js";
import * as widths from "../../kit/output/width.js";
import { placeOf } from "./filter.js";
import type { ListProgress } from "./progress.js";
import { contentOf, contextOf, type TableOptions, table } from "./table.js";

/** Columns, header and times that the options ask for. */
export type ListLook = Pick<TableOptions, "wide" | "chosen" | "header" | "time">;

export interface ListUpdate {
  /** Newest first. */
  listed: Operation[];
  /** All operations of the view: an operation that no longer fits the filter is still in it. */
  held: ReadonlyMap<string, Operation>;
  /** Ids of operations that were removed since the last update. */
  removed: string[];
  /** Queued operations that the daemon does not send. */
  moreQueued: number;
}

export interface LiveOutput {
  /** Shortest time between two updates, in ms. */
  readonly interval: number;
  /** Whether it shows the progress and the expected times of operations. */
  readonly showsFigures: boolean;
  /** Whether `connection` shows the state of the connection. */
  readonly showsConnection: boolean;
  show(update: ListUpdate): void;
  /** Figures changed, but no operation. */
  redraw(): void;
  connection(state: "lost" | "back"): void;
  close(): void;
}

/** One record per line: each listed operation, and again each time it changes. */
export class JsonOutput implements LiveOutput {
  readonly interval = 100;
  readonly showsFigures = false;
  readonly showsConnection = false;
  readonly #printed = new Map<string, string>();

  constructor(private readonly output: TableStream) {}

  show({ listed, held, removed }: ListUpdate): void {
    let text = "";
    const ids = new Set(listed.map(({ id }) => id));
    for (const operation of [...listed, ...left(this.#printed, ids, held)]) {
      const line = jsonLine(operation);
      if (this.#printed.get(operation.id) === line) continue;
      this.#printed.set(operation.id, line);
      text += `${line}\n`;
    }
    for (const id of removed) if (this.#printed.delete(id)) text += `${jsonLine({ id, removed: true })}\n`;
    forgetOthers(this.#printed, ids);
    if (text !== "") this.output.write(text);
  }

  redraw(): void {}
  connection(): void {}
  close(): void {}
}

/** The table, then a row for each operation that changes: its state, its stage, or the next tenth of its progress. */
export class RowsOutput implements LiveOutput {
  readonly interval = 1000;
  readonly showsFigures = true;
  readonly showsConnection = false;
  readonly #printed = new Map<string, string>();
  readonly #last = new Map<string, Operation>();
  #layout: Layout<Operation, OperationContext> = [];

  constructor(
    private readonly output: TableStream,
    private readonly progress: ListProgress,
    private readonly look: ListLook,
  ) {}

  show({ listed, held, removed }: ListUpdate): void {
    const options = this.#options();
    const ids = new Set(listed.map(({ id }) => id));
    const changed = [...listed, ...left(this.#printed, ids, held)].filter((operation) => {
      const content = contentOf(operation, options);
      if (this.#printed.get(operation.id) === content) return false;
      this.#printed.set(operation.id, content);
      this.#last.set(operation.id, operation);
      return true;
    });
    const gone = removed.flatMap((id) => (this.#printed.has(id) ? (this.#last.get(id) ?? []) : []));
    const isFirst = this.#layout.length === 0;
    const context = contextOf(options);
    const ofRemoved = { ...context, removed: true };
    this.#layout = fitColumns(OPERATIONS, changed, context, options, this.#layout);
    this.#layout = fitColumns(OPERATIONS, gone, ofRemoved, options, this.#layout);
    const lines = [
      ...(isFirst && this.look.header !== false ? [headerLine(this.#layout, options)] : []),
      // The newest change is at the end, as in a log.
      ...(isFirst ? changed : changed.reverse()).map((it) => rowLine(this.#layout, it, context, options)),
      ...gone.map((it) => rowLine(this.#layout, it, ofRemoved, options)),
    ];
    for (const { id } of gone) this.#printed.delete(id);
    forgetOthers(this.#printed, ids);
    for (const id of this.#last.keys()) if (!this.#printed.has(id)) this.#last.delete(id);
    if (lines.length > 0) this.output.write(`${lines.join("\n")}\n`);
  }

  #options(): TableOptions {
    const paint = paintFor(this.output);
    return {
      width: Number.POSITIVE_INFINITY,
      widths,
      paint,
      allColumns: true,
      ...this.look,
      ...this.progress.figures(),
    };
  }

  redraw(): void {}
  connection(): void {}
  close(): void {}
}

/** Operations that were printed and no longer fit the filter: their last change is printed too. */
function* left(
  printed: ReadonlyMap<string, string>,
  listed: ReadonlySet<string>,
  held: ReadonlyMap<string, Operation>,
): Iterable<Operation> {
  for (const id of printed.keys()) {
    const operation = listed.has(id) ? undefined : held.get(id);
    if (operation !== undefined) yield operation;
  }
}

function forgetOthers(printed: Map<string, string>, listed: ReadonlySet<string>): void {
  for (const id of printed.keys()) if (!listed.has(id)) printed.delete(id);
}

/** The alternate screen without a cursor, and back. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** How often ages are drawn again, in ms. */
const AGE_MS = 1000;

/** The table on the alternate screen. At the end, the last table stays on the normal screen. */
export class TerminalOutput implements LiveOutput {
  readonly interval = 100;
  readonly showsFigures = true;
  readonly showsConnection = true;
  #listed: Operation[] | null = null;
  #moreQueued = 0;
  #isLost = false;
  #drawn = "";
  readonly #ages = setInterval(() => this.redraw(), AGE_MS);
  readonly #resized = () => this.#drawAnew();
  /** At Ctrl-Z the shell gets its screen back. */
  readonly #suspended = () => {
    this.output.write(LEAVE);
    process.kill(process.pid, "SIGSTOP");
  };
  readonly #continued = () => {
    this.output.write(ENTER);
    this.#drawAnew();
  };
  readonly #restore = () => void this.output.write(LEAVE);

  constructor(
    private readonly output: TableStream,
    private readonly progress: ListProgress,
    private readonly look: ListLook,
  ) {}

  show({ listed, moreQueued }: ListUpdate): void {
    if (this.#listed === null) this.#begin();
    this.#listed = listed;
    this.#moreQueued = moreQueued;
    this.redraw();
  }

  /** Not before the first list: until then, an error is printed on the normal screen. */
  #begin(): void {
    this.output.write(ENTER);
    process.on("exit", this.#restore);
    process.on("SIGTSTP", this.#suspended);
    process.on("SIGCONT", this.#continued);
    this.output.on?.("resize", this.#resized);
  }

  redraw(): void {
    if (this.#listed === null) return;
    const { rows, columns } = this.#size();
    const listed = fittingRows(this.#listed, rows - 2);
    const lines = [
      ...this.#table(listed, columns),
      this.#footer(this.#listed.length - listed.length + this.#moreQueued, columns),
    ];
    const frame = lines.map((line) => `${line}${CLEAR_LINE_END}`).join("\r\n");
    if (frame === this.#drawn) return;
    this.#drawn = frame;
    this.output.write(`${HOME}${frame}${CLEAR_BELOW}`);
  }

  #drawAnew(): void {
    this.#drawn = "";
    this.redraw();
  }

  #table(listed: Operation[], columns: number): string[] {
    const paint = paintFor(this.output);
    return table(listed, { ...this.look, ...this.progress.figures(), width: columns, widths, paint });
  }

  #footer(hidden: number, columns: number): string {
    const paint = paintFor(this.output);
    if (this.#isLost) return paint("yellow", widths.cut("lost the daemon; reconnecting…", columns));
    const more = hidden === 0 ? "" : `${hidden} more; `;
    return paint("dim", widths.cut(`${more}Ctrl-C ends the list`, columns));
  }

  /** One column stays free: a full last column wraps on some terminals. */
  #size(): { rows: number; columns: number } {
    const { rows = 24, columns = 80 } = this.output;
    return { rows: Math.max(3, rows), columns: Math.max(1, columns - 1) };
  }

  connection(state: "lost" | "back"): void {
    this.#isLost = state === "lost";
    this.redraw();
  }

  close(): void {
    clearInterval(this.#ages);
    if (this.#listed === null) return;
    process.off("exit", this.#restore);
    process.off("SIGTSTP", this.#suspended);
    process.off("SIGCONT", this.#continued);
    this.output.off?.("resize", this.#resized);
    const { rows, columns } = this.#size();
    const lines = this.#table(fittingRows(this.#listed, rows - 2), columns);
    this.output.write(`${LEAVE}${lines.join("\n")}\n`);
  }
}

/** At most so many operations, in their order: running ones first, then the next of the queue, then the newest. */
function fittingRows(listed: Operation[], most: number): Operation[] {
  if (listed.length <= most) return listed;
  const rank = ({ state }: Operation) => (state === "running" ? 0 : isFinal(state) ? 2 : 1);
  const kept = new Set(
    listed.toSorted((a, b) => rank(a) - rank(b) || placeOf(a) - placeOf(b)).slice(0, Math.max(0, most)),
  );
  return listed.filter((it) => kept.has(it));
}
