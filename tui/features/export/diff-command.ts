/** `liveops diff`: compares two runs. */
import type { Command } from "commander";
import { EXIT } from "../../../protocol/exit-codes.js";
import { paintFor } from "../../../protocol/text/colour.js";
import { connectFor } from "../../cli/connection.js";
import { interruptible } from "../../kit/interruptible.js";
import { addCommand } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import { printLines } from "../../kit/output/print.js";
import { diffRuns } from "./diff.js";
import { diffLines } from "./diff-text.js";
import { findRuns, sayChanged } from "./find-runs.js";

interface DiffOptions {
  ignoreTimes?: boolean;
  ignoreNumbers?: boolean;
  json?: boolean;
}

export function registerDiff(root: Command): void {
  const diff = addCommand(root, "diff", "Compare two runs: stages, parameters, environment, result and log", [
    "liveops diff k3f h00",
    "liveops diff monday.json tuesday.json --ignore-times --ignore-numbers",
    "liveops diff k3f h00 --json | jq .log.first",
  ])
    .argument("<left>", "Operation id, a unique prefix, or an exported file")
    .argument("<right>", "The other run; FILE#ID names one operation of a file with a chain")
    .option("--ignore-times", "Take all times and dates in log lines for equal")
    .option("--ignore-numbers", "Take all numbers in log lines for equal")
    .option("--json", "Print the differences as one JSON value");
  diff
    .addHelpText(
      "after",
      `
Exit code: 0 if the runs are the same, 1 if they differ. Compared are type,
queue, directory, limits, parameters, names of the environment variables, state,
attempts, states of stages, result, error and log. Ids, labels, times and
durations are printed and not compared.`,
    )
    .action(async (left: string, right: string, _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<DiffOptions>(command);
      const { ignoreTimes = false, ignoreNumbers = false, json = false } = options;
      await interruptible(
        () => "interrupted",
        async (signal) => {
          const [first] = await findRuns(client, left, sayChanged(to), { signal });
          const [second] = await findRuns(client, right, sayChanged(to), { signal });
          const difference = await diffRuns(first!, second!, { ignoreTimes, ignoreNumbers });
          process.exitCode = difference.same ? EXIT.done : EXIT.failed;
          const lines = json ? [jsonLine(difference)] : diffLines(difference, paintFor(process.stdout));
          printLines(lines);
        },
      );
    });
}
