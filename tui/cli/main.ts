/** Entry point of `liveops`. */
import { runCommandLine } from "./command-line.js";

void runCommandLine(process.argv.slice(2));
