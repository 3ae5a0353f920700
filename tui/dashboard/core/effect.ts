/**
 * What the dashboard does besides drawing, as values. The reducer returns them; `effects.ts` runs
 * them.
 */
import type { Request } from "./request.js";

export type Effect =
  /** Asks for what the state wants now, in place of what it wanted before; null: for nothing. */
  | { type: "ask"; name: string; want: object | null }
  | { type: "send"; request: Request }
  /** `retries`: the form of a retry. */
  | { type: "prepare-form"; id: string; retries?: true }
  | { type: "copy"; text: string }
  | { type: "edit"; id: string; title: string; source: { file: string; line: number } | null }
  | { type: "attach" | "shell"; id: string }
  | { type: "start-daemon" }
  | { type: "suspend" }
  | { type: "remember"; looked: number };
