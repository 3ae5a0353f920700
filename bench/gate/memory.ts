/** Resident memory of the idle daemon, beside a bare Node server. */
import { idle } from "../harness/idle.js";
import { gateRow, rounds } from "../harness/measure.js";

const { daemon, bare } = await rounds(1, idle);
gateRow("idle daemon: resident memory beside a bare server", daemon, { "Node server": bare });
