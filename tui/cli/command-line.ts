/** The command line: loads only the command that was typed. Help and an unknown name load all commands. */
import type { Command } from "commander";
import { EXIT } from "../../protocol/exit-codes.js";
import { commandIndex, rootCommand, runRoot } from "../kit/options.js";
import { endQuietlyOnClosedPipe, say } from "../kit/report.js";
import { takeTrailing, takeTypeHelp, trailingWords } from "./arguments.js";

type Register = (root: Command) => void;

/** In the order of `--help`. */
const COMMANDS: Record<string, () => Promise<Register>> = {
  submit: async () => (await import("./submit/command.js")).registerSubmit,
  run: async () => (await import("./run/command.js")).registerRun,
  ls: async () => (await import("./ls/command.js")).registerLs,
  status: async () => (await import("./status.js")).registerStatus,
  show: async () => (await import("./show/command.js")).registerShow,
  watch: async () => (await import("./follow/watch.js")).registerWatch,
  attach: async () => (await import("./attach/command.js")).registerAttach,
  logs: async () => (await import("./logs.js")).registerLogs,
  wait: async () => (await import("./follow/wait.js")).registerWait,
  edit: async () => (await import("./submit/edit.js")).registerEdit,
  pause: async () => (await import("./pause.js")).registerPause,
  resume: async () => (await import("./pause.js")).registerResume,
  cancel: async () => (await import("./cancel.js")).registerCancel,
  retry: async () => (await import("./retry.js")).registerRetry,
  again: async () => (await import("./submit/again.js")).registerAgain,
  rm: async () => (await import("./rm.js")).registerRm,
  queue: async () => (await import("./queue.js")).registerQueue,
  hosts: async () => (await import("./hosts.js")).registerHosts,
  schedule: async () => (await import("./schedule.js")).registerSchedule,
  export: async () => (await import("./export.js")).registerExport,
  diff: async () => (await import("./diff.js")).registerDiff,
  ops: async () => (await import("./ops.js")).registerOps,
  new: async () => (await import("./new/command.js")).registerNew,
  check: async () => (await import("./check.js")).registerCheck,
  report: async () => (await import("./report.js")).registerReport,
  config: async () => (await import("./config/config.js")).registerConfig,
  schema: async () => (await import("./schema.js")).registerSchema,
  doctor: async () => (await import("./doctor.js")).registerDoctor,
  mcp: async () => (await import("./open-mcp.js")).registerMcp,
  completion: async () => (await import("./completion.js")).registerCompletion,
  "dial-stdio": async () => (await import("./dial-stdio.js")).registerDialStdio,
  tui: async () => (await import("./open-tui.js")).registerTui,
};

/** Commands that take arguments of the operation after `--`. */
const WITH_TRAILING = new Set(["submit", "run", "edit", "again", "schedule"]);

export async function runCommandLine(words: string[]): Promise<void> {
  endQuietlyOnClosedPipe();
  const typed = words[commandIndex(words)];
  const entry = typed !== undefined && Object.hasOwn(COMMANDS, typed) ? COMMANDS[typed] : undefined;
  if (entry === undefined || typed === "status") {
    const { nameHint, synonymHint } = await import("../kit/name-hints.js");
    const hint = entry === undefined ? nameHint("liveops", words) : synonymHint(words);
    if (hint !== null) {
      say({ program: "liveops" }, hint);
      process.exitCode = EXIT.usage;
      return;
    }
  }
  const root = entry ? emptyTree() : await commandTree();
  if (entry) (await entry())(root);
  if (typed === undefined || !WITH_TRAILING.has(typed)) return runRoot(root, words);
  const before = takeTrailing(words);
  const [only] = root.commands;
  const hasType = only !== undefined && (typed === "submit" || typed === "run");
  const own = hasType ? takeTypeHelp(before, only) : before;
  await runRoot(root, own, async ({ code }) => {
    if (code !== "commander.unknownOption" && code !== "commander.missingArgument") return null;
    const { commandHint, missingType } = await import("./command-hint.js");
    if (code === "commander.missingArgument")
      return typed === "run" ? missingType("run", trailingWords()) : null;
    // Its other subcommands run no command.
    if (typed === "schedule" && !own.includes("add")) return null;
    return commandHint(root.commands.find((command) => command.name() === typed)!, own, trailingWords());
  });
}

function emptyTree(): Command {
  return rootCommand("liveops", "Run long operations in a local daemon and watch their stages live");
}

/** All commands. */
export async function commandTree(): Promise<Command> {
  const root = emptyTree();
  for (const load of Object.values(COMMANDS)) (await load())(root);
  return root.addHelpText(
    "after",
    `
Examples:
  $ liveops ops
  $ liveops submit backup source=. target=/tmp/backups --follow
  $ liveops ls

Run liveops <command> --help for the options and examples of a command.
The daemon has its own commands: liveopsd --help`,
  );
}
