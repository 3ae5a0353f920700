/** The quick way of `submit`: post, print the id, end. Loads nothing but the client. */
import { Client } from "../../../protocol/client/client.js";
import { commandPlaces, startCommand } from "../../../protocol/command/looked-for.js";
import { endQuietlyOnClosedPipe } from "../../../protocol/command/quiet-end.js";
import { report } from "../../../protocol/command/report.js";
import { writeOut } from "../../../protocol/command/write-out.js";
import type { Operation } from "../../../protocol/operation.js";
import { jsonLine } from "../../terminal/json.js";
import { post } from "./post.js";
import type { SubmitWords } from "./words.js";

export async function submitQuickly(words: SubmitWords): Promise<void> {
  try {
    const operation = await post(new Client(commandPlaces(words.options).socket), words);
    // The kernel closes the socket quicker than Node does; but only once all is written.
    if (writeOut(submitted(operation, words.options.json === true))) process.exit();
  } catch (error) {
    endQuietlyOnClosedPipe([process.stderr]);
    process.exitCode = report(error, {
      program: "liveops",
      startCommand: startCommand(words.options),
      options: words.options,
    });
  }
}

/** What a submit prints. */
export function submitted(operation: Operation, json: boolean): string {
  return `${json ? jsonLine(operation) : operation.id}\n`;
}
