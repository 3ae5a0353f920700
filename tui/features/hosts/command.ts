/** `liveops hosts`: lists the hosts of the fleet, and declares one lost. */
import type { Command } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import type { EngineState, HostReply } from "../../../protocol/replies.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { connectFor } from "../../cli/connection.js";
import { addCommand } from "../../kit/options.js";
import { numberColumn } from "../../kit/output/columns.js";
import { jsonLine } from "../../kit/output/json.js";
import type { OutputOptions } from "../../kit/output/options.js";
import { listLines, printLines } from "../../kit/output/print.js";
import type { TableSpec } from "../../kit/output/table.js";
import { formatAge } from "../../kit/output/time.js";
import { say } from "../../kit/report.js";
import { formatSkew, hostState } from "../../terminal/host-state.js";

/** The columns of a list of hosts; `-` for what is unknown or none. */
export const HOSTS: TableSpec<HostReply> = {
  columns: [
    { name: "host", text: (it) => it.name, atLeast: 8 },
    { name: "state", text: (it, { now }) => hostState(it, now) },
    numberColumn("slots", (it) => it.slots),
    numberColumn("running", (it) => it.running),
    { name: "tags", text: ({ tags }) => tags.join(",") || "-", atLeast: 6 },
    numberColumn(
      "load",
      (it) => it.load,
      (load) => load.toFixed(2),
    ),
    { name: "version", text: (it) => it.version },
    numberColumn("skew", (it) => it.skewMs, formatSkew),
  ],
  firstToShrink: ["tags", "host"],
  firstToGo: ["version", "skew", "load", "tags", "slots", "running", "state"],
};

/** Warnings about the engine, printed beside the table. Pure. */
export function engineNotes(engine: EngineState | null, now: number = Date.now()): string[] {
  if (engine === null) return [];
  const away =
    engine.awaySince === null
      ? []
      : [
          `the engine ${engine.address} has not answered for ${formatAge(engine.awaySince, now)}; the hosts are shown as they were then`,
        ];
  return [...away, ...engine.problems];
}

export function registerHosts(root: Command): void {
  const hosts = addCommand(root, "hosts", "List the hosts of the fleet, or declare one lost", [
    "liveops hosts",
    "liveops hosts --json | jq -r '.hosts[] | select(.state == \"up\") | .name'",
    "liveops hosts lost build-2",
  ]);
  // Options after the name of a subcommand belong to the subcommand.
  hosts.enablePositionalOptions();
  addCommand(hosts, "lost", "Declare a host lost now: other hosts take over its operations", [
    "liveops hosts lost build-2",
  ])
    .argument("<host>", "Name of the host")
    .addHelpText(
      "after",
      "\nA host that does not answer is declared lost without this command, after `lostAfter`\n" +
        "seconds. Resumable operations start again on another host; the others fail with\n" +
        "LIVEOPS_HOST_LOST. Make sure that the host is off: a process that still runs there is\n" +
        "refused by the engine, and may still change files.",
    )
    .action(async (name: string, _options: unknown, command: Command) =>
      declareLost(name, command),
    );
  hosts
    .option("--json", "Print the fleet and its hosts as JSON")
    .action(async () => listHosts(hosts));
}

async function listHosts(command: Command): Promise<void> {
  const { client, options, to } = await connectFor<OutputOptions>(command);
  const reply = await client.hosts();
  if (options.json) return printLines([jsonLine(reply)]);
  printLines(await listLines(HOSTS, reply.hosts, { now: client.now() }, process.stdout));
  for (const note of engineNotes(reply.engine)) say(to, note, "yellow");
}

async function declareLost(name: string, command: Command): Promise<void> {
  const { client } = await connectFor(command);
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const { hosts } = await client.hosts();
    const host = hosts.find((each) => each.name === name);
    // The daemon refuses a name that it does not know.
    if (host && !(await isConfirmed(lostQuestion(host))))
      throw new UsageError("nothing was changed");
  }
  await client.declareLost(name);
  printLines([name]);
}

/** Asks on the terminal. */
async function isConfirmed(question: string): Promise<boolean> {
  // A command that asks nothing does not load it.
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}

/** Pure. */
export function lostQuestion(host: HostReply, now: number = Date.now()): string {
  const { running } = host;
  const what =
    running === 0
      ? "No operation runs there"
      : `${running === 1 ? "1 operation runs" : `${running} operations run`} there: resumable ones start again elsewhere, the others fail`;
  return `Declare ${sanitize(host.name)} (${hostState(host, now)}) lost? ${what}. [y/N] `;
}
