/** Resident memory of the idle daemon, beside a bare Node server. */
import { idleDaemon } from "../measures/memory.js";
import type { GateRow } from "./bounds.js";

export default async function memory(): Promise<GateRow[]> {
  const { bare, daemon } = await idleDaemon();
  return [{ name: "idle daemon: resident memory beside a bare server", value: daemon / bare, room: 0.05 }];
}
