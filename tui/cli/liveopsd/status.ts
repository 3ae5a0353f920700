/**
 * `liveopsd status [--json]`: prints the daemon's report about itself. Exits with 3 if no daemon
 * answers.
 */

import type { Command } from "commander";
import { daemonClient } from "../../../protocol/client/find-daemon.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { readUsableConfig } from "../../../protocol/system/config.js";
import { NOT_AVAILABLE } from "../../../protocol/system/own-process.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { addDaemonCommand, allOptions, type GlobalOptions } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import type { OutputOptions } from "../../kit/output/options.js";
import { fullTime } from "../../kit/output/time.js";
import { STATUS_PROBLEMS, STATUS_ROWS } from "../feature-rows.js";
import { type Unit, unitRunning } from "./manager.js";
import { ANSWER_MS } from "./other-daemon.js";
import { operations } from "./stop.js";
import { versionProblems } from "./version-problems.js";

export function registerStatus(root: Command): void {
  const command = addDaemonCommand(
    root,
    "status",
    "Show whether the daemon runs, its workers and its problems",
    ["liveopsd status", "liveopsd status --json"],
  );
  command.option("--json", "Print the status as JSON").action(async () => {
    const options = allOptions<GlobalOptions & OutputOptions>(command);
    const client = await daemonClient(options, { answer: ANSWER_MS });
    const daemon = await client.daemon();
    const text = options.json
      ? jsonLine(daemon)
      : describe(daemon, await unitRunning(daemon), configProblems(options));
    process.stdout.write(`${text}\n`);
  });
}

/** The problems of this command's config file. */
function configProblems({ remote }: GlobalOptions): string[] {
  const { problem } = readUsableConfig();
  return problem === null || remote !== undefined
    ? []
    : [`the config file is not valid: ${problem.message}`];
}

function describe(daemon: DaemonReply, unit: Unit | null, ownConfig: readonly string[]): string {
  const {
    counts,
    workers,
    package: { dir },
  } = daemon;
  const rows: Array<[string, string]> = [
    ["liveopsd", `${daemon.version}, pid ${daemon.pid}, Node ${daemon.node}`],
    ["package", dir],
    ...(unit === null ? [] : [["service", unit.label] satisfies [string, string]]),
    ["since", fullTime(daemon.startedAt, Date.now())],
    ["socket", daemon.socket],
    ["state dir", daemon.stateDir],
    ["config", configText(daemon.config)],
    ...Object.values(STATUS_ROWS).flatMap((rows) => rows(daemon)),
    [
      "operations",
      Object.entries(counts)
        .map(([state, n]) => `${n} ${state === "toAnswer" ? "to answer" : state}`)
        .join(", "),
    ],
    [
      "workers",
      `${workers.busy} busy, ${workers.idle} idle, at most ${daemon.concurrency} operations at a time`,
    ],
    ...olderRows(daemon),
    ["containment", containmentText(daemon.containment)],
    ["watchers", String(daemon.watchers)],
    ["memory", memoryText(daemon.memory)],
    ...metricsRows(daemon),
    ["ops", daemon.opsDirs.join(", ")],
  ];
  const problems = [...versionProblems(daemon, unit), ...problemsOf(daemon), ...ownConfig];
  for (const problem of problems) rows.push(["problem", problem]);
  return rows.map(([name, value]) => `${name.padEnd(11)} ${sanitize(value)}`).join("\n");
}

function memoryText({ rss }: DaemonReply["memory"]): string {
  return rss === null ? NOT_AVAILABLE : `${Math.round(rss / 1e6)} MB`;
}

/** The config file, and whether a restart would read another text. */
function configText({ file, changed }: DaemonReply["config"]): string {
  return changed ? `${file}, changed since the start; to apply, run: liveops restart` : file;
}

/** Versions that finish the operations which they started. */
function olderRows({ version, workers }: DaemonReply): Array<[string, string]> {
  return workers.versions
    .filter((each) => each.version !== version)
    .map((each) => [
      "versions",
      `liveops ${each.version} runs ${operations(each.operations)} to the end`,
    ]);
}

function metricsRows({ metrics }: DaemonReply): Array<[string, string]> {
  return metrics === null ? [] : [["metrics", `http://${metrics}/metrics`]];
}

function containmentText({ kind, cgroup, reason }: DaemonReply["containment"]): string {
  const why = reason === null ? "" : `; ${reason}`;
  return `${kind}${cgroup === null ? "" : ` below ${cgroup}`}${why}`;
}

function problemsOf(daemon: DaemonReply): string[] {
  const { storeFull, freeBytes, noRoom, problems, workers } = daemon;
  const all = Object.values(STATUS_PROBLEMS).flatMap((problems) => problems(daemon));
  if (workers.blocked)
    all.push(
      `no worker can be started: ${workers.blocked.reason}. Queued operations wait; the daemon tries again`,
    );
  if (storeFull || freeBytes === 0 || noRoom > 0) {
    const full = ["the state directory's disk is full"];
    if (storeFull) full.push("submits are refused");
    if (noRoom > 0)
      full.push(
        `${operations(noRoom)} ${noRoom === 1 ? "waits" : "wait"} for disk space (liveops ls)`,
      );
    else full.push("log lines and progress of running operations are dropped");
    all.push(`${full.join("; ")}. Free some disk space; no restart is needed`);
  }
  return [...all, ...problems];
}
