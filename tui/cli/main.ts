/**
 * Entry point of `liveops`, with all commands. Without words, on a terminal, it is the dashboard.
 */
import { commandIndex, selectsDaemon } from "../kit/options.js";
import { runLiveops } from "./liveops.js";
import { SHARED_COMMANDS } from "./liveopsd/commands.js";
import { hasTerminal, openDashboard } from "./open-tui.js";

const words = process.argv.slice(2);
const typed = words[commandIndex(words)];
// node:sqlite, which holds our locks, still announces itself as experimental.
if (typed !== undefined && Object.hasOwn(SHARED_COMMANDS, typed))
  process.removeAllListeners("warning");

if (typed === undefined && hasTerminal() && selectsDaemon(words)) void openDashboard();
else void runLiveops(words);
