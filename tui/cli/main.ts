/** Entry point of `liveops`, with all commands. */
import { runCommandLine } from "./command-line.js";
import { COMMANDS } from "./commands.js";

void runCommandLine(process.argv.slice(2), COMMANDS);
