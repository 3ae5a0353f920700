/** The quick way of `submit`: post, print the id, end. Loads nothing but the client. */
import { Client } from "../../../protocol/client/client.js";
import { commandPlaces, startCommand } from "../../../protocol/command/looked-for.js";
import { report } from "../../../protocol/command/report.js";
import type { Operation } from "../../../protocol/operation.js";
import { jsonLine } from "../../terminal/json.js";
import { post } from "./post.js";
import type { SubmitWords } from "./words.js";

export async function submitQuickly(words: SubmitWords): Promise<void> {
  try {
    const operation = await post(new Client(commandPlaces(words.options).socket), words);
    printSubmitted(operation, words.options.json === true);
    // The kernel closes the socket quicker than Node does; but only once all is written.
    if (process.stdout.writableLength === 0) process.exit();
  } catch (error) {
    process.exitCode = report(error, { program: "liveops", startCommand: startCommand(words.options) });
  }
}

export function printSubmitted(operation: Operation, json: boolean): void {
  process.stdout.write(`${json ? jsonLine(operation) : operation.id}\n`);
}
