/** `liveops submit <op> --help`: the page of the type, from the daemon. */
import type { Client } from "../../protocol/client/client.js";
import { NoDaemonError } from "../../protocol/client/errors.js";
import { paintFor } from "../../protocol/text/colour.js";
import { type ReportTo, say } from "../kit/report.js";
import { typeIn } from "./ops.js";
import { inPipelineBundle, pipelinePath } from "./pipeline-argument.js";
import { typePage } from "./type-page/type-page.js";

export async function showType(client: Client, op: string, to: ReportTo): Promise<void> {
  const types = await client.types().catch((error: unknown) => {
    if (error instanceof NoDaemonError)
      say(to, `without the daemon, liveops run ${op} --help shows the type`, "yellow");
    throw error;
  });
  writePage(typePage(typeIn(types, op), paintFor(process.stdout)));
}

/**
 * The page of a pipeline file, which needs no daemon. @param word - the file as it was typed, or
 * `-`
 */
export async function showFile(word: string): Promise<void> {
  const type = await inPipelineBundle(({ typeOf }) => typeOf(word, pipelinePath(word)));
  writePage(typePage({ ...type, op: word }, paintFor(process.stdout)));
}

function writePage(page: string[]): void {
  process.stdout.write(
    `${[...page, "", "Options of the command: liveops submit --help"].join("\n")}\n`,
  );
}
