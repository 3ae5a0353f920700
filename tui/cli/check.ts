/** `liveops check`: checks pipeline files, without a daemon. */
import type { Command } from "commander";
import type { CommandPlaces } from "../../protocol/client/daemon-address.js";
import { clientFor } from "../../protocol/client/find-daemon.js";
import { EXIT } from "../../protocol/exit-codes.js";
import type { OperationType } from "../../protocol/replies.js";
import { DEFAULT_QUEUE } from "../../protocol/submit-fields.js";
import { userOpsDirs } from "../../protocol/system/places.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { addCommand, commandPlaces, reportTo } from "../kit/options.js";
import { jsonLine } from "../kit/output/json.js";
import { say } from "../kit/report.js";
import { inPipelineBundle, pipelinePath } from "./pipeline-argument.js";

/** The queues and types of the config file, and of the daemon where one runs. */
async function knownNames(places: CommandPlaces | null) {
  const configured = [DEFAULT_QUEUE, ...Object.keys(places?.config.queues ?? {})];
  const known = { queues: configured, ops: [] as OperationType[] };
  if (places === null) return known;
  const client = clientFor(places, {}, { answer: 2000, request: 2000 });
  try {
    const [{ queues }, { ops }] = await Promise.all([client.queues(), client.types()]);
    return { queues: [...new Set([...configured, ...queues.map(({ name }) => name)])], ops };
  } catch {
    return known;
  }
}

export function registerCheck(root: Command): void {
  addCommand(
    root,
    "check",
    "Check pipeline files, without the daemon",
    [
      "liveops check nightly.yaml",
      "liveops check ~/.config/liveops/ops",
      "liveops check - < nightly.yaml",
      "liveops check nightly.yaml --json | jq '.files[].problems'",
    ],
    "none",
  )
    .argument("<file...>", "Pipeline files; - is stdin; of a directory, its YAML files with stages")
    .option("--json", "Print the result of each file, with positions and near names, as JSON")
    .action(async (typed: string[], options: { json?: boolean }, command: Command) => {
      // A config file that is not valid is no problem of the pipeline.
      const places = await commandPlaces({}, process.env, "ignore").catch(() => null);
      const opsDirs = userOpsDirs({}, process.env, places?.config ?? {});
      const ask = () => knownNames(places);
      const checked = await inPipelineBundle(({ checkFile }) =>
        Promise.all(typed.map((word) => checkFile(word, pipelinePath(word), opsDirs, ask))),
      );
      const files = checked.flat();
      const ok = files.every((file) => file.ok);
      if (!ok) process.exitCode = EXIT.usage;
      if (options.json) {
        const reported = files.map(({ lines: _, ...file }) => file);
        process.stdout.write(`${jsonLine({ ok, files: reported })}\n`);
        return;
      }
      for (const { file, lines, ok, stages } of files) {
        if (ok)
          process.stdout.write(`${sanitize(`${file}: valid, stages ${stages.join(", ")}`)}\n`);
        for (const line of lines) process.stderr.write(`${sanitize(line)}\n`);
      }
      if (files.length === 0)
        say(reportTo(command), `no pipeline files in ${typed.join(", ")}`, "yellow");
    });
}
