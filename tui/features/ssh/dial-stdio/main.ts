/**
 * Entry point of `liveops dial-stdio --hello [--start] [--socket PATH]`, which another liveops
 * calls over ssh. A bundle of its own, which loads no command: each connection starts one. Says on
 * stdout what happened, and nothing on stderr.
 */
import { writeSync } from "node:fs";
import type { Socket } from "node:net";
import { startCommand } from "../../../../protocol/client/daemon-address.js";
import { EXIT } from "../../../../protocol/exit-codes.js";
import { formatHello, type Hello } from "../../../../protocol/features/ssh/hello.js";
import { VERSION } from "../../../../protocol/version.js";
import { describeError } from "../../../kit/report.js";
import { dialDaemon, passBytes } from "./dial-stdio.js";

/** The value of an option of ours; undefined: it is not there. */
function wordAfter(option: string): string | undefined {
  const at = process.argv.indexOf(option);
  return at === -1 ? undefined : process.argv[at + 1];
}

function say(error: Hello["error"]): void {
  writeSync(1, formatHello({ version: VERSION, error }));
}

async function main(): Promise<void> {
  const [socket, stateDir] = [wordAfter("--socket"), wordAfter("--state-dir")];
  const options = { socket, stateDir };
  let connection: Socket;
  try {
    connection = await dialDaemon(options, process.argv.includes("--start"));
  } catch (error) {
    const to = { program: "liveops", startCommand: startCommand(options), options };
    const { lines, code } = await describeError(error, to);
    process.exitCode = code;
    return say({ code, lines });
  }
  say(null);
  if (!(await passBytes(connection))) process.exitCode = EXIT.noDaemon;
}

void main();
