/** The engine, as shipping and mirroring use it, with a count of what it took. */
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { PieceStore } from "./pieces.js";

/** @param onShipped called with the bytes that were sent */
export function pieceStoreOf(engine: FleetEngine, onShipped: (bytes: number) => void): PieceStore {
  return {
    ship: async (pieces, isDurable) => {
      const shipped = await engine.ship(pieces, isDurable);
      onShipped(pieces.reduce((sum, { body }) => sum + body.length, 0));
      return shipped;
    },
    cutLog: (cut) => engine.cutLog(cut),
    shippedTo: (id, attempt) => engine.shippedTo(id, attempt),
    piecesAfter: (wanted, maxBytes) => engine.piecesAfter(wanted, maxBytes),
  };
}
