/** What `ls` does: asks for the operations, prints them as a table that fits the terminal. */
import { Client } from "../../../protocol/client/client.js";
import { paintFor } from "../../../protocol/command/colour.js";
import { commandPlaces, type GlobalOptions } from "../../../protocol/command/daemon-address.js";
import { UsageError } from "../../../protocol/command/failures.js";
import { type ReportTo, say } from "../../../protocol/command/report.js";
import { nearest } from "../../../protocol/nearest.js";
import { STATES, type State } from "../../../protocol/state.js";
import { jsonLine } from "../../terminal/json.js";
import { widthsFor } from "../../terminal/widths.js";
import { listed } from "./listed.js";
import { table, textsOf } from "./table.js";

export interface ListOptions extends GlobalOptions {
  state?: string;
  op?: string;
  limit?: string;
  json?: boolean;
}

/** Where the table goes. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export async function list(options: ListOptions, to: ReportTo, output: Output): Promise<void> {
  const { operations, total } = await listed(new Client(commandPlaces(options).socket), {
    state: statesOf(options.state),
    op: options.op,
    limit: limitOf(options.limit),
  });
  if (options.json) {
    output.write(`${jsonLine(operations)}\n`);
    return;
  }
  if (operations.length === 0) {
    say(to, "no operations to list; submit one: liveops submit <op> (liveops ops lists the types)", "yellow");
    return;
  }
  const width = output.isTTY ? output.columns || 80 : Number.POSITIVE_INFINITY;
  const widths = await widthsFor(textsOf(operations));
  output.write(`${table(operations, { width, widths, paint: paintFor(output) }).join("\n")}\n`);
  if (total > operations.length && process.stderr.isTTY) {
    say(to, `${operations.length} of ${total}; more: liveops ls --limit N`, "yellow");
  }
}

function statesOf(text: string | undefined): State[] | undefined {
  if (text === undefined) return undefined;
  return text.split(",").map((word) => {
    const state = STATES.find((known) => known === word.trim());
    if (state) return state;
    const [near] = nearest(word, STATES);
    throw new UsageError(
      `--state: there is no state ${JSON.stringify(word)}${near ? `; did you mean ${near}?` : ""}`,
      `the states: ${STATES.join(", ")}`,
    );
  });
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(`--limit: ${JSON.stringify(text)} is no number of operations; write 1 or more`);
}
