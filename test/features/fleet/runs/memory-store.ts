/** The pieces of an engine in memory, with the faults that an engine has. */
import type { FleetEngine } from "../../../../daemon/features/fleet/engine/fleet-engine.js";
import type {
  Cursor,
  FencedPiece,
  LogCut,
  Piece,
  PieceCursor,
  RunFile,
  Shipped,
} from "../../../../daemon/features/fleet/engine/rows.js";

type PieceStore = Pick<FleetEngine, "ship" | "shippedTo" | "cutLog" | "piecesAfter">;

class EngineFault extends Error {
  override name = "EngineAwayError";
}

export class MemoryStore implements PieceStore {
  rows: Piece[] = [];
  /** Operations that other hosts have. */
  readonly fenced = new Set<string>();
  /**
   * What happens to the next calls of `ship`, one each: the call or its answer is lost, or all is
   * well.
   */
  faults: Array<"call" | "answer" | null> = [];
  /** While true, every call fails. */
  isAway = false;
  ships = 0;
  /** How many of the rows are on the engine's disk. */
  #durable = 0;
  /** How many rows there were before each call. */
  #calls: number[] = [];
  reads = 0;
  /** Called after each change. */
  onChange: () => void = () => {};

  async ship(pieces: readonly FencedPiece[], isDurable: boolean): Promise<Shipped> {
    this.ships++;
    const fault = this.faults.shift() ?? null;
    if (this.isAway || fault === "call") throw new EngineFault("the call was lost");
    this.#calls.push(this.rows.length);
    const fenced = new Set<string>();
    const behind: Shipped["behind"] = [];
    for (const { fence: _, ...row } of pieces) {
      const last = this.#last(row.id, row.attempt, row.file);
      if (this.fenced.has(row.id)) fenced.add(row.id);
      else if (row.first === last + 1) this.rows.push(...(row.last >= row.first ? [row] : []));
      else if (row.last > last) behind.push({ ...row, last });
    }
    if (isDurable) this.#durable = this.rows.length;
    this.onChange();
    if (fault === "answer") throw new EngineFault("the answer was lost");
    return { fenced: [...fenced], behind };
  }

  async shippedTo(id: string, attempt: number): Promise<Cursor> {
    if (this.isAway) throw new EngineFault("away");
    return { events: this.#last(id, attempt, "events"), log: this.#last(id, attempt, "log") };
  }

  async cutLog({ id, attempt, to }: LogCut): Promise<void> {
    if (this.isAway) throw new EngineFault("away");
    const last = this.#last(id, attempt, "log");
    const isCut = (row: Piece) =>
      row.id === id &&
      row.attempt === attempt &&
      row.file === "log" &&
      row.last <= to &&
      row.last < last;
    const before = this.rows.length;
    this.rows = this.rows.filter((row) => !isCut(row));
    this.#durable -= before - this.rows.length;
    this.#calls = this.#calls.map((count) => Math.min(count, this.rows.length));
  }

  async piecesAfter(wanted: readonly PieceCursor[], maxBytes: number) {
    this.reads++;
    if (this.isAway) throw new EngineFault("away");
    const all = wanted.flatMap((each) =>
      this.rows.filter(
        ({ id, attempt, file, last }) =>
          id === each.id && attempt === each.attempt && last > each[file],
      ),
    );
    all.sort(
      (a, b) =>
        compare(a.id, b.id) ||
        a.attempt - b.attempt ||
        a.first - b.first ||
        compare(a.file, b.file),
    );
    let bytes = 0;
    const rows: Piece[] = [];
    for (const row of all) {
      bytes += row.body.length;
      if (rows.length > 0 && bytes > maxBytes) break;
      rows.push(row);
    }
    return { rows, more: rows.length < all.length };
  }

  /** A crash of the engine: the last calls were not on its disk. */
  lose(calls: number): void {
    const begin = this.#calls[Math.max(0, this.#calls.length - calls)];
    if (begin !== undefined) this.rows.length = Math.max(this.#durable, begin);
    this.#calls = this.#calls.filter((before) => before < this.rows.length);
  }

  #last(id: string, attempt: number, file: RunFile): number {
    const own = this.rows.filter(
      (row) => row.id === id && row.attempt === attempt && row.file === file,
    );
    return Math.max(0, ...own.map(({ last }) => last));
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
