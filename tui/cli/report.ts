/**
 * `liveops report`: tells the progress of a script to the operation that runs the script, by a line
 * in the file named by `LIVEOPS_REPORT`.
 */
import { appendFileSync } from "node:fs";
import type { Command } from "commander";
import { UsageError } from "../../protocol/failures.js";
import { parseReportLine, REPORT_FORMS } from "../../protocol/report-line.js";
import { addCommand } from "../kit/options.js";

export function registerReport(root: Command): void {
  const forms = Object.values(REPORT_FORMS);
  addCommand(
    root,
    "report",
    "Tell progress, status or a value from a script that an operation runs",
    [
      "liveops report progress 12/90 files",
      "liveops report percent 40",
      "liveops report status waiting for the server",
      "liveops report stage Upload",
      "liveops report log warning the disk is nearly full",
      "liveops report output size=1024",
      'echo "progress 12/90" >> "$LIVEOPS_REPORT"',
    ],
    "none",
  )
    .usage("[options] <report...>")
    .argument("<report...>", `One report: ${forms.join("; ")}`)
    .passThroughOptions()
    .action((words: string[]) => {
      const line = words.join(" ");
      if (/[\r\n]/.test(line))
        throw new UsageError(
          "a report is one line: give a text without line ends, or several reports",
        );
      const statement = parseReportLine(line);
      if (typeof statement === "string") throw new UsageError(statement, "liveops report --help");
      const file = process.env.LIVEOPS_REPORT;
      if (!file)
        throw new UsageError(
          "no operation reads reports here: LIVEOPS_REPORT is not set; run the script with liveops submit",
        );
      append(file, line);
    });
}

/** @throws UsageError if the file cannot be written */
function append(file: string, line: string): void {
  try {
    // One write, so that the lines of several processes do not mix.
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
  } catch (error) {
    throw new UsageError(`the report file ${file} cannot be written: ${(error as Error).message}`);
  }
}
