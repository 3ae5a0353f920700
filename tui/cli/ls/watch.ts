/**
 * `liveops ls --watch`: keeps the list up to date by the watch stream, over restarts of the daemon, until Ctrl-C.
 *
 * A terminal shows the table in place. Other outputs get the table once, then a row for each operation that changes;
 * with `--json` a record for each.
 */
import type { Client } from "../../../protocol/client/client.js";
import { reconnecting } from "../../../protocol/client/reconnect.js";
import { FIRST_QUEUED } from "../../../protocol/limits.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { wantsRedraw } from "../../../protocol/text/colour.js";
import { applyWatchLines, EMPTY_VIEW, type WatchLine, type WatchView } from "../../../protocol/watch.js";
import { insideOf } from "../../describe/inside.js";
import { interruptible } from "../../kit/interruptible.js";
import type { TableStream } from "../../kit/output/table.js";
import { type ReportTo, say } from "../../kit/report.js";
import { lostNotes } from "../follow/notes.js";
import { DEFAULT_LIMIT, type LsFilter, moreQueuedText, newestOf } from "./filter.js";
import { ListProgress } from "./progress.js";
import { JsonOutput, type ListLook, type LiveOutput, RowsOutput, TerminalOutput } from "./watch-output.js";

/** Most finished operations that the daemon sends at the start. */
const MOST_FINISHED = 1000;
/** Finished operations that are kept of those that finish during the watch. */
const KEPT_FINISHED = 5000;

const CLOCK_MS = 1000;

export interface WatchListOptions {
  json: boolean;
  look: ListLook;
  to: ReportTo;
  output: TableStream;
}

/** @throws InterruptedError at Ctrl-C */
export async function watchList(client: Client, filter: LsFilter, options: WatchListOptions): Promise<void> {
  // Refuses the name of an unknown type.
  if (filter.op !== undefined) await client.history(filter.op);
  const progress = new ListProgress(client);
  const output = outputFor(progress, options);
  try {
    await interruptible(
      () => "",
      (signal) => follow(client, filter, { progress, output, signal, to: options.to }),
    );
  } finally {
    output.close();
  }
}

function outputFor(progress: ListProgress, { json, look, output }: WatchListOptions): LiveOutput {
  if (json) return new JsonOutput(output);
  return wantsRedraw(output)
    ? new TerminalOutput(output, progress, look)
    : new RowsOutput(output, progress, look);
}

interface Following {
  progress: ListProgress;
  output: LiveOutput;
  signal: AbortSignal;
  to: ReportTo;
}

async function follow(client: Client, filter: LsFilter, following: Following): Promise<void> {
  const { progress, output, signal, to } = following;
  let view = EMPTY_VIEW;
  let pending: WatchLine[] = [];
  let timer: NodeJS.Timeout | undefined;
  /** Returns whether figures are new. */
  const readFigures = async (listed: Operation[]): Promise<boolean> => {
    if (!output.showsFigures) return false;
    return (await Promise.all([progress.load(listed), progress.foresee(listed)])).includes(true);
  };
  const redrawWithFigures = async () => {
    const isNew = await readFigures(chosen(view, filter));
    if (isNew && !signal.aborted) output.redraw();
  };
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const removed = pending.flatMap((line) => (line.type === "removed" ? [line.id] : []));
    view = trimmed(applyWatchLines(view, pending));
    pending = [];
    progress.inside = insideOf(view.operations.values());
    const listed = chosen(view, filter);
    output.show({ listed, held: view.operations, removed, moreQueued: view.moreQueued });
    void redrawWithFigures();
  };
  // A forecast gets old without an event.
  const clock = setInterval(redrawWithFigures, CLOCK_MS);
  const open = () => client.watch(queryOf(filter, view), signal);
  const notes = output.showsConnection
    ? { onLost: () => output.connection("lost"), onBack: () => output.connection("back") }
    : lostNotes(to);
  try {
    for await (const line of reconnecting(open, { signal, ...notes })) {
      if (line.type === "ping") continue;
      pending.push(line);
      if (line.type === "snapshot") {
        await readFigures(chosen(applyWatchLines(view, pending), filter));
        flush();
        if (view.moreQueued > 0 && !output.showsConnection)
          say(
            to,
            `${moreQueuedText(view.moreQueued)}; the list shows the first ${FIRST_QUEUED} of the queue`,
          );
      } else timer ??= setTimeout(flush, output.interval);
    }
  } finally {
    clearTimeout(timer);
    clearInterval(clock);
  }
}

function queryOf({ state, op, host, parent, limit = DEFAULT_LIMIT, fits }: LsFilter, { cursor }: WatchView) {
  return {
    ...(state && { state }),
    ...(op !== undefined && { op }),
    ...(host !== undefined && { host }),
    ...(parent && { parent }),
    // The daemon does not know the other filters.
    limit: fits === undefined ? Math.min(limit, MOST_FINISHED) : MOST_FINISHED,
    ...(cursor !== null && { since: cursor }),
  };
}

/** The operations that `ls` lists, newest first. */
export function chosen({ operations }: Pick<WatchView, "operations">, filter: LsFilter): Operation[] {
  const { state, op, host, parent, fits } = filter;
  const fitting = [...operations.values()].filter(
    (it) =>
      (!state || state.includes(it.state)) &&
      (op === undefined || it.op === op) &&
      (host === undefined || it.host === host) &&
      (parent === undefined || it.parent === undefined) &&
      (fits?.(it) ?? true),
  );
  // The stream sends them in the order of their submit; equal times keep this order.
  const newest = fitting.reverse().sort((a, b) => compareText(b.createdAt, a.createdAt));
  return newestOf(newest, filter);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The watch may run for days: of the finished operations, the newest stay. */
function trimmed(view: WatchView): WatchView {
  if (view.operations.size <= KEPT_FINISHED * 2) return view;
  const finished = [...view.operations.values()].filter((it) => isFinal(it.state));
  finished.sort((a, b) => compareText(a.createdAt, b.createdAt));
  const operations = new Map(view.operations);
  for (const { id } of finished.slice(0, -KEPT_FINISHED)) operations.delete(id);
  return { ...view, operations };
}
