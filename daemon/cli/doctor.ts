/** `liveopsd doctor [--json]`: checks the state directory, reports findings and repairs. Exits with 1 for damage. */
import type { Command } from "commander";
import { addCommand, allOptions, commandPlaces, type GlobalOptions } from "../../protocol/command/options.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import { EXIT } from "../../protocol/exit-codes.js";
import type { Examination } from "../recovery/doctor.js";
import { daemonBundle } from "./daemon-bundle.js";

export function registerDoctor(root: Command): void {
  const command = addCommand(root, "doctor", "Check the state directory; repair what a start would repair", [
    "liveopsd doctor",
    "liveopsd doctor --json",
  ]);
  command.option("--json", "Print the report as JSON").action(async () => {
    const options = allOptions<GlobalOptions & { json?: boolean }>(command);
    const { examine } = daemonBundle();
    const examination = await examine(commandPlaces(options).stateDir);
    process.stdout.write(options.json ? `${JSON.stringify(examination)}\n` : describe(examination));
    if (examination.findings.some(({ state }) => state === "damaged")) process.exitCode = EXIT.failed;
  });
}

function describe({ running, findings }: Examination): string {
  const lines = findings.map(({ state, what }) => `${state.padEnd(8)} ${sanitize(what)}`);
  if (running)
    lines.push(
      "a daemon is running: nothing was changed; to repair, run liveopsd stop, then liveopsd doctor",
    );
  return `${lines.join("\n")}\n`;
}
