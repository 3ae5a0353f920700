/** The ways to the daemon of another machine. */
import { ssh } from "../features/ssh/host.js";
import type { Transport } from "./transport.js";

export const TRANSPORTS: readonly Transport[] = [
  // A transport adds one line.
  ssh,
];
