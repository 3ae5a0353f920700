/** `liveops doctor`: runs `liveopsd doctor`, because users look for the check under `liveops`. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { EXIT } from "../../protocol/exit-codes.js";
import { addCommand, allOptions, type GlobalOptions } from "../kit/options.js";

export function registerDoctor(root: Command): void {
  addCommand(root, "doctor", "Check the state directory; repair what a start would repair", [
    "liveops doctor",
    "liveops doctor --json",
  ])
    .option("--json", "Print the report as JSON")
    .action((_options: unknown, command: Command) => {
      const { socket, stateDir, json } = allOptions<GlobalOptions & { json?: boolean }>(command);
      const words = [
        ...(socket === undefined ? [] : ["--socket", socket]),
        ...(stateDir === undefined ? [] : ["--state-dir", stateDir]),
        ...(json ? ["--json"] : []),
      ];
      const bin = fileURLToPath(new URL("./bin/liveopsd.cjs", import.meta.url));
      const { status } = spawnSync(process.execPath, [bin, "doctor", ...words], { stdio: "inherit" });
      process.exitCode = status ?? EXIT.fault;
    });
}
