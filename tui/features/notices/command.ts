/** `liveops notify`: adds, lists, removes and tries the channels of notices, which are in the config file. */
import type { Command } from "commander";
import { EXIT } from "../../../protocol/exit-codes.js";
import { NotFoundError } from "../../../protocol/failures.js";
import { readUsableConfig } from "../../../protocol/system/config.js";
import { changeSetting, placesOf } from "../../cli/config/config.js";
import { tellDaemon } from "../../cli/config/config-daemon.js";
import { connectFor, forEachId } from "../../cli/connection.js";
import { addDefaultAction } from "../../cli/subcommand.js";
import { addCommand } from "../../kit/options.js";
import { type OutputOptions, printResult } from "../../kit/output/options.js";
import { say } from "../../kit/report.js";
import { registerAdd } from "./add.js";
import { addChannelListOptions, listChannels } from "./list.js";

/** What other programs call the subcommands. */
const MEANT = { list: "ls", show: "ls", new: "add", create: "add", delete: "rm", remove: "rm", send: "test" };

export function registerNotify(root: Command): void {
  const notify = addCommand(
    root,
    "notify",
    "Tell people what needs them: list, add, remove and try channels",
    ["liveops notify", "liveops notify add ntfy topic=my-builds", "liveops notify test ntfy"],
    "none",
  );
  // Options after the name of a subcommand belong to the subcommand.
  notify.enablePositionalOptions();
  registerAdd(notify);
  addChannelListOptions(
    addCommand(notify, "ls", "List the channels, and what waits for them", ["liveops notify ls --json"]),
  ).action(async (_options: unknown, command: Command) => listChannels(command));
  addCommand(notify, "rm", "Remove channels, and what waits for them", ["liveops notify rm phone"])
    .argument("<name...>", "Names of channels")
    .action(async (names: string[], _options: unknown, command: Command) => removeChannels(names, command));
  addCommand(notify, "test", "Send a test notice over channels, and wait until it is taken", [
    "liveops notify test phone",
  ])
    .argument("<name...>", "Names of channels")
    .option("--json", "Print each result as JSON, one per line")
    .action(async (names: string[], _options: unknown, command: Command) => testChannels(names, command));
  addDefaultAction(addChannelListOptions(notify), MEANT, () => listChannels(notify));
}

async function removeChannels(names: string[], command: Command): Promise<void> {
  const { file, options, before, to } = placesOf(command);
  let isValid = true;
  process.exitCode = await forEachId(names, to, async (name) => {
    const known = Object.keys(readUsableConfig().config.notify ?? {});
    if (!known.includes(name)) throw noChannel(name, known);
    isValid = await changeSetting(["notify", name], undefined, file, to);
    process.stdout.write(`${name}\n`);
  });
  if (isValid) await tellDaemon(["notify"], file, options, before, to);
}

function noChannel(name: string, known: readonly string[]): Error {
  const all =
    known.length === 0
      ? "there are none; add one: liveops notify add ntfy topic=my-builds"
      : `channels: ${known.join(", ")}`;
  return new NotFoundError(`there is no channel ${JSON.stringify(name)}; ${all}`);
}

async function testChannels(names: string[], command: Command): Promise<void> {
  const { client, options, to } = await connectFor<OutputOptions>(command);
  let hasFailed = false;
  const code = await forEachId(names, to, async (name) => {
    const { problem } = await client.testChannel(name);
    if (problem === null || options.json) printResult(options, { channel: name, problem }, name);
    if (problem !== null) {
      hasFailed = true;
      say(to, `the channel ${name} does not work: ${problem}`);
    }
  });
  process.exitCode = code === EXIT.done && hasFailed ? EXIT.failed : code;
}
