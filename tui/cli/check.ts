/** `liveops check`: checks pipeline files, without a daemon. */
import type { Command } from "commander";
import type { CommandPlaces } from "../../protocol/client/daemon-address.js";
import { clientFor } from "../../protocol/client/find-daemon.js";
import { EXIT } from "../../protocol/exit-codes.js";
import type { KnownNames } from "../../protocol/pipeline/used-names.js";
import { DEFAULT_QUEUE } from "../../protocol/submit-fields.js";
import { userOpsDirs } from "../../protocol/system/places.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { addCommand, commandPlaces, reportTo } from "../kit/options.js";
import { jsonLine } from "../kit/output/json.js";
import { say } from "../kit/report.js";
import { inPipelineBundle, pipelinePath } from "./pipeline-argument.js";
import type { CheckedFile } from "./run/pipeline-file.js";

/** Of the config file, and of the daemon where one runs. */
async function knownNames(places: CommandPlaces | null): Promise<KnownNames> {
  const configured = [DEFAULT_QUEUE, ...Object.keys(places?.config.queues ?? {})];
  if (places === null) return { queues: configured, types: new Map() };
  try {
    const client = clientFor(places, {}, { answer: 2000, request: 2000 });
    const [{ queues }, { ops }] = await Promise.all([client.queues(), client.types()]);
    return {
      queues: [...new Set([...configured, ...queues.map(({ name }) => name)])],
      types: new Map(ops.map(({ op, params }) => [op, params])),
    };
  } catch {
    return { queues: configured, types: new Map() };
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
      const files = await inPipelineBundle(async ({ checkFile }) => {
        const all: CheckedFile[] = [];
        for (const word of typed)
          all.push(...(await checkFile(word, pipelinePath(word), opsDirs, () => knownNames(places))));
        return all;
      });
      const ok = files.every((file) => file.ok);
      if (!ok) process.exitCode = EXIT.usage;
      if (options.json) {
        const reported = files.map(({ lines: _, ...file }) => file);
        process.stdout.write(`${jsonLine({ ok, files: reported })}\n`);
        return;
      }
      for (const { file, lines, ok, stages } of files) {
        if (ok) process.stdout.write(`${sanitize(`${file}: valid, stages ${stages.join(", ")}`)}\n`);
        for (const line of lines) process.stderr.write(`${sanitize(line)}\n`);
      }
      if (files.length === 0) say(reportTo(command), `no pipeline files in ${typed.join(", ")}`, "yellow");
    });
}
