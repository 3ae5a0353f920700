/**
 * Entry of the `liveopsd` bin: the command line of `liveops`, with the commands on the daemon
 * alone.
 */
import { runCommandLine } from "../command-line.js";
import { DAEMON_COMMANDS } from "./commands.js";

// node:sqlite, which holds our locks, still announces itself as experimental.
process.removeAllListeners("warning");
void runCommandLine(process.argv.slice(2), DAEMON_COMMANDS, "liveopsd");
