/** `liveopsd status [--json]`: what the daemon says of itself; exit 3 where none answers. */
import type { Command } from "commander";
import { Client } from "../../protocol/client/client.js";
import { neutralise } from "../../protocol/command/neutralise.js";
import { addCommand, allOptions, commandPlaces, type GlobalOptions } from "../../protocol/command/options.js";
import type { DaemonReply } from "../../protocol/routes.js";

export function registerStatus(root: Command): void {
  const command = addCommand(root, "status", "Show whether the daemon runs, and how it is.", [
    "liveopsd status",
    "liveopsd status --json",
  ]);
  command.option("--json", "print one JSON value").action(async () => {
    const options = allOptions<GlobalOptions & { json?: boolean }>(command);
    const daemon = await new Client(commandPlaces(options).socket).daemon();
    process.stdout.write(options.json ? `${JSON.stringify(daemon)}\n` : `${describe(daemon)}\n`);
  });
}

function describe(daemon: DaemonReply): string {
  const { counts, workers } = daemon;
  const rows: Array<[string, string]> = [
    ["liveopsd", `${daemon.version}, pid ${daemon.pid}, Node ${daemon.node}`],
    ["since", daemon.startedAt],
    ["socket", daemon.socket],
    ["state dir", daemon.stateDir],
    [
      "operations",
      Object.entries(counts)
        .map(([state, n]) => `${n} ${state}`)
        .join(", "),
    ],
    [
      "workers",
      `${workers.busy} busy, ${workers.idle} idle, at most ${daemon.concurrency} operations at a time`,
    ],
    ["watchers", String(daemon.watchers)],
    ["memory", `${Math.round(daemon.memory.rss / 1e6)} MB`],
    ["ops", daemon.opsDirs.join(", ")],
  ];
  if (daemon.storeFull)
    rows.push(["problem", "the disk of the state dir is full: submits are refused until there is room"]);
  for (const problem of daemon.problems) rows.push(["problem", problem]);
  return rows.map(([name, value]) => `${name.padEnd(11)} ${neutralise(value)}`).join("\n");
}
