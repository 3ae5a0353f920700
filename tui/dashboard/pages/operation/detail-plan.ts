/**
 * The panels of the selected operation: the rows of its own, and what they leave to the log. The
 * keys of the log count by the same plan as its view.
 */

import { chainOf, selectedOperation } from "../../core/chain.js";
import { BORDER, panesOf } from "../../core/layout/layout.js";
import { logTotal } from "../../core/log/chain-log.js";
import type { State } from "../../core/model.js";
import { perObject } from "../../core/per-object.js";
import { Line } from "../../text/line.js";
import { approvalRows } from "./approval-part.js";
import {
  causeRows,
  changeRows,
  errorRows,
  machineRows,
  outputRows,
  sourceRow,
} from "./failure-parts.js";
import {
  about,
  actionFailures,
  dependencies,
  figures,
  placement,
  status,
  successRows,
} from "./parts.js";
import { stepper } from "./stepper.js";
import { stall } from "./times.js";
import type { DetailView } from "./view.js";
import { waterfall } from "./waterfall.js";

interface Part {
  /** Parts of a low rank are given room first, in a small panel and in a large one. */
  readonly rank: number | readonly [small: number, large: number];
  /** @param room rows at most */
  readonly rows: (view: DetailView, room: number) => readonly Line[];
  /** Rows at most in a small panel and in a large one; absent: as many as there is room for. */
  readonly most?: readonly [small: number, large: number];
  /** A blank row stands before it where there is room. */
  readonly isApart?: true;
}

/** From top to bottom. */
const PARTS: readonly Part[] = [
  { rank: 1, rows: stepper },
  { rank: 2, rows: errorRows, most: [2, 4] },
  { rank: 5, rows: causeRows, most: [3, 8] },
  { rank: 3, rows: sourceRow },
  { rank: 4, rows: outputRows, most: [3, 8] },
  { rank: 6, rows: changeRows, most: [2, 16] },
  { rank: 6, rows: machineRows, most: [1, 4] },
  { rank: 6, rows: successRows, most: [4, 12] },
  { rank: [9, 6], rows: about, isApart: true },
  { rank: 2, rows: approvalRows, isApart: true },
  { rank: 2, rows: stall, isApart: true },
  { rank: 2, rows: status },
  { rank: 3, rows: placement },
  { rank: 3, rows: dependencies },
  { rank: 3, rows: actionFailures },
  { rank: 8, rows: waterfall, isApart: true },
  { rank: [9, 7], rows: figures, isApart: true },
];

export interface DetailPlan {
  readonly rows: readonly Line[];
  /** Columns inside the panels. */
  readonly width: number;
  /** Outer height of the panel of the operation; 0: only the log is shown. */
  readonly height: number;
  /** Outer height of the panel of the log; 0: there is none. */
  readonly logHeight: number;
}

/** Rows of the log panel: as a share of the pane, and at least. */
const LOG_SHARE = 0.3;
const LOG_LEAST = 5;
/** A pane with fewer rows is small. */
const LARGE = 20;
/** Stages beside what failed. */
const STAGES_KEPT = 6;

export const detailPlan = perObject((state: State): DetailPlan => {
  const { detailWidth, height: detailHeight } = panesOf(state);
  // A margin of one column on each side.
  const width = Math.max(1, detailWidth - BORDER - 2);
  const operation = selectedOperation(state);
  const plan = { rows: [], width, height: 0, logHeight: detailHeight };
  if (operation === null || state.log.full) return plan;
  const view = {
    state,
    operation,
    links: chainOf(state, operation),
    width,
    line: () => new Line(width),
  };
  const isLarge = detailHeight >= LARGE;
  const lines = logTotal(state);
  const share = Math.max(LOG_LEAST, Math.floor(detailHeight * LOG_SHARE));
  // A log without lines gives its rows away.
  const empty = isLarge ? BORDER + 1 : 0;
  const least = lines === 0 ? empty : Math.min(share, lines + BORDER);
  const rows = rowsOf(view, Math.max(1, detailHeight - least - BORDER), isLarge);
  const height = lines === 0 ? detailHeight - empty : rows.length + BORDER;
  return { ...plan, rows, height, logHeight: detailHeight - height };
});

function rowsOf(view: DetailView, budget: number, isLarge: boolean): Line[] {
  let left = budget;
  const made = new Map<Part, readonly Line[]>();
  const kept =
    view.operation.state === "failed" && isLarge
      ? Math.min(view.operation.stages.length, STAGES_KEPT)
      : 0;
  const size = isLarge ? 1 : 0;
  const rankOf = ({ rank }: Part) => (typeof rank === "number" ? rank : rank[size]);
  for (const part of PARTS.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const free = part.rows === waterfall || rankOf(part) < 3 ? left : left - kept;
    const room = Math.min(part.most?.[size] ?? free, free);
    const rows = room <= 0 ? [] : part.rows(view, room).slice(0, room);
    made.set(part, rows);
    left -= rows.length;
  }
  const all: Line[] = [];
  let apart = false;
  for (const part of PARTS) {
    const rows = made.get(part)!;
    apart ||= part.isApart === true;
    if (rows.length === 0) continue;
    if (apart && all.length > 0 && left-- > 0) all.push(view.line());
    apart = false;
    all.push(...rows);
  }
  return all;
}
