/** The engine, as shipping and mirroring use it. */
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { FencedPiece, PieceStore } from "./pieces.js";

/** @param onShipped called with the bytes that the engine took */
export function pieceStoreOf(engine: FleetEngine, onShipped: (bytes: number) => void): PieceStore {
  return {
    ship: async (pieces: readonly FencedPiece[], isDurable: boolean) => {
      const { fenced, behind } = await engine.ship(pieces, isDurable);
      onShipped(pieces.reduce((sum, { body }) => sum + body.length, 0));
      return { fenced, behind };
    },
    shippedTo: (id, attempt) => engine.shippedTo(id, attempt),
    piecesAfter: (wanted, maxBytes) => engine.piecesAfter(wanted, maxBytes),
  };
}
