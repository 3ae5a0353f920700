/** Entry of the `liveops` bin. */
import { runCommandLine } from "./command-line.js";

void runCommandLine(process.argv.slice(2));
