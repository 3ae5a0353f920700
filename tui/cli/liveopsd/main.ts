/** Entry of the `liveopsd` bin. */
import { endQuietlyOnClosedPipe } from "../../kit/report.js";
import { runCommandLine } from "./command-line.js";

// node:sqlite, which holds our locks, still announces itself as experimental.
process.removeAllListeners("warning");
endQuietlyOnClosedPipe();
void runCommandLine(process.argv.slice(2));
