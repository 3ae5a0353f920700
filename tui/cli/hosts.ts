/** `liveops hosts`: lists the hosts of the fleet, and declares one lost. */
import type { Command } from "commander";
import { paintFor } from "../../protocol/command/colour.js";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import { say } from "../../protocol/command/report.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import type { FleetState, HostReply } from "../../protocol/replies.js";
import { formatAge } from "../terminal/format.js";
import { formatSkew, hostState } from "../terminal/host-state.js";
import { jsonLine } from "../terminal/json.js";
import { connectFor } from "./connection.js";
import { isConfirmed } from "./selection.js";

interface HostsOptions {
  yes?: boolean;
  json?: boolean;
}

const HEADS = ["HOST", "STATE", "SLOTS", "RUNNING", "TAGS", "LOAD", "VERSION", "SKEW"];
const NUMBERS = new Set(["SLOTS", "RUNNING", "LOAD", "SKEW"]);

/** The table of the hosts; `-` for what is unknown or none. Pure. */
export function hostLines(hosts: readonly HostReply[], now: number = Date.now()): string[] {
  const rows = hosts.map((host) => [
    sanitize(host.name),
    hostState(host, now),
    String(host.slots),
    String(host.running),
    sanitize(host.tags.join(",")) || "-",
    host.load === null ? "-" : host.load.toFixed(2),
    sanitize(host.version),
    host.skewMs === null ? "-" : formatSkew(host.skewMs),
  ]);
  const widths = HEADS.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  return [HEADS, ...rows].map((row) =>
    row
      .map((text, column) =>
        NUMBERS.has(HEADS[column]!) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}

/** What a person must know beside the table. Pure. */
export function fleetNotes(fleet: FleetState | null, now: number = Date.now()): string[] {
  if (fleet === null) return [];
  const away =
    fleet.awaySince === null
      ? []
      : [
          `the engine ${fleet.engine} has not answered for ${formatAge(fleet.awaySince, now)}; the hosts are shown as they were then`,
        ];
  return [...away, ...fleet.problems];
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
    "liveops hosts lost build-2 --yes",
  ])
    .argument("<host>", "Name of the host")
    .option("--yes", "Do not ask")
    .option("--json", "Print the hosts as JSON")
    .addHelpText(
      "after",
      "\nA host that does not answer is declared lost without this command, after `lostAfter`\n" +
        "seconds. Resumable operations start again on another host; the others fail with\n" +
        "LIVEOPS_HOST_LOST. Make sure that the host is off: a process that still runs there is\n" +
        "refused by the engine, and may still change files.",
    )
    .action(async (name: string, _options: unknown, command: Command) => declareLost(name, command));
  hosts.option("--json", "Print the fleet and its hosts as JSON").action(async () => listHosts(hosts));
}

async function listHosts(command: Command): Promise<void> {
  const { client, options } = connectFor<HostsOptions>(command);
  const reply = await client.hosts();
  if (options.json) {
    process.stdout.write(`${jsonLine(reply)}\n`);
    return;
  }
  const [head, ...rows] = hostLines(reply.hosts);
  process.stdout.write(`${[paintFor(process.stdout)("dim", head!), ...rows].join("\n")}\n`);
  for (const note of fleetNotes(reply.fleet)) say(reportTo(command.parent!), note, "yellow");
}

async function declareLost(name: string, command: Command): Promise<void> {
  const { client, options } = connectFor<HostsOptions>(command);
  if (!options.yes && process.stdin.isTTY && process.stderr.isTTY) {
    const { hosts } = await client.hosts();
    const host = hosts.find((each) => each.name === name);
    // The daemon refuses a name that it does not know.
    if (host && !(await isConfirmed(lostQuestion(host)))) throw new UsageError("nothing was changed");
  }
  const reply = await client.declareLost(name);
  process.stdout.write(`${options.json ? jsonLine(reply) : name}\n`);
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
