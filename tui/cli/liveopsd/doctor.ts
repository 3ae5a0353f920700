/** `liveops doctor [--json]`: checks the state directory, reports findings and repairs. Exits with 1 for damage. */
import type { Command } from "commander";
import type { Examination } from "../../../daemon/recovery/doctor.js";
import { daemonClient } from "../../../protocol/client/find-daemon.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { readUsableConfig } from "../../../protocol/system/config.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { VERSION } from "../../../protocol/version.js";
import { addDaemonCommand, allOptions, commandPlaces, type GlobalOptions } from "../../kit/options.js";
import { daemonBundle } from "./daemon-bundle.js";
import { unitRunning } from "./manager.js";
import { ANSWER_MS } from "./other-daemon.js";
import { versionProblems } from "./version-problems.js";

export function registerDoctor(root: Command): void {
  const command = addDaemonCommand(
    root,
    "doctor",
    "Check the state directory; repair what a start would repair",
    ["liveops doctor", "liveops doctor --json"],
    "none",
  );
  command.option("--json", "Print the report as JSON").action(async () => {
    const options = allOptions<GlobalOptions & { json?: boolean }>(command);
    const { examine } = daemonBundle();
    const examination = await examine((await commandPlaces(options)).stateDir);
    const problems = readUsableConfig().problem?.message.split("\n") ?? [];
    const report = { ...examination, problems };
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : describe(report));
    if (examination.running && !options.json) process.stdout.write(await describeDaemon(options));
    if (examination.findings.some(({ state }) => state === "damaged")) process.exitCode = EXIT.failed;
  });
}

/** Which version holds the state directory; empty if that daemon does not answer. */
async function describeDaemon(options: GlobalOptions): Promise<string> {
  const client = await daemonClient(options, { answer: ANSWER_MS });
  const daemon = await client.daemon().catch(() => null);
  if (daemon === null) return "";
  const lines = [
    `the daemon is liveops ${daemon.version} of ${daemon.package.dir} (pid ${daemon.pid}), this command is ${VERSION}`,
    ...versionProblems(daemon, await unitRunning(daemon)),
    ...daemon.problems,
  ];
  return `${lines.map((line) => sanitize(line)).join("\n")}\n`;
}

/** @param problems of the config file: `start` refuses it */
function describe({ running, findings, problems }: Examination & { problems: string[] }): string {
  const lines = findings.map(({ state, what }) => `${state.padEnd(8)} ${sanitize(what)}`);
  for (const problem of problems) lines.push(`${"problem".padEnd(8)} ${sanitize(problem)}`);
  if (running)
    lines.push("a daemon is running: nothing was changed; to repair, run liveops stop, then liveops doctor");
  return `${lines.join("\n")}\n`;
}
