/** Resident memory of the idle daemon, beside a bare Node server. */
import { idle } from "../harness/idle.js";
import { rounds, row } from "../harness/measure.js";

const { daemon, bare } = await rounds(1, idle);
row("idle daemon, resident", "MB", null, daemon, { "Node server": bare });
