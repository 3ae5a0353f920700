/** `liveops submit <op> --help`: the page of the type, from the daemon. */
import type { Client } from "../../protocol/client/client.js";
import { NoDaemonError } from "../../protocol/client/errors.js";
import { paintFor } from "../../protocol/command/colour.js";
import { type ReportTo, say } from "../../protocol/command/report.js";
import { typeIn } from "./ops.js";
import { typePage } from "./type-page.js";

export async function showType(client: Client, op: string, to: ReportTo): Promise<void> {
  const types = await client.types().catch((error: unknown) => {
    if (error instanceof NoDaemonError)
      say(to, `without the daemon, liveops run ${op} --help shows the type`, "yellow");
    throw error;
  });
  const lines = [
    ...typePage(typeIn(types, op), paintFor(process.stdout)),
    "",
    "Options of the command: liveops submit --help",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
