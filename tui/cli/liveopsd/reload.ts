/** `liveops reload`: the daemon reads its config file again. */
import type { Command } from "commander";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { UsageError } from "../../../protocol/failures.js";
import type { ReloadReply } from "../../../protocol/replies.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { addDaemonCommand, allOptions, commandPlaces, type GlobalOptions } from "../../kit/options.js";
import { ANSWER_MS } from "./other-daemon.js";

/** What a reload did. Pure. */
function describeReload({ pid, config, applied }: ReloadReply): string {
  const { file, restart } = config;
  const done = applied.length === 0 ? "no setting has changed" : `applied: ${applied.join(", ")}`;
  const waits = restart.length === 0 ? "" : `; after liveops restart: ${restart.join(", ")}`;
  return `the daemon (pid ${pid}) has read ${file}; ${done}${waits}`;
}

export function registerReload(root: Command): void {
  const command = addDaemonCommand(root, "reload", "Read the config file again, without a restart", [
    "liveops reload",
    "kill -HUP $(liveopsd status --json | jq .pid)   # the same",
  ]);
  command
    .option("--json", "Print what the daemon applied as JSON")
    .addHelpText(
      "after",
      "\nSettings that need a restart are named. A file that is not valid changes nothing\n(exit 2).",
    )
    .action(async () => {
      const options = allOptions<GlobalOptions & { json?: boolean }>(command);
      const places = await commandPlaces(options, process.env, "throw");
      const reply = await clientFor(places, options, { answer: ANSWER_MS }).reload();
      if (options.json) process.stdout.write(`${JSON.stringify(reply)}\n`);
      if (reply.config.problem !== null)
        throw new UsageError(reply.config.problem, "the daemon keeps its settings");
      if (!options.json) process.stderr.write(`liveopsd: ${sanitize(describeReload(reply))}\n`);
    });
}
