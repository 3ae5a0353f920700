/** Entry of the `liveopsd` bin. */
import { rootCommand, runRoot } from "../../protocol/command/options.js";
import { endQuietlyOnClosedPipe } from "../../protocol/command/quiet-end.js";
import { registerDoctor } from "./doctor.js";
import { registerLogs } from "./logs.js";
import { registerRestart } from "./restart.js";
import { registerStart } from "./start.js";
import { registerStatus } from "./status.js";
import { registerStop } from "./stop.js";

// node:sqlite, which holds our locks, still announces itself as experimental.
process.removeAllListeners("warning");

const root = rootCommand("liveopsd", "The daemon that runs long operations and keeps their state.");
for (const register of [
  registerStart,
  registerStop,
  registerRestart,
  registerStatus,
  registerLogs,
  registerDoctor,
])
  register(root);
endQuietlyOnClosedPipe();
void runRoot(root, process.argv.slice(2));
