/** The commands of `liveops`. */
import type { Command } from "commander";
import { type Commands, treeOf } from "./command-line.js";
import { SHARED_COMMANDS } from "./liveopsd/commands.js";

/** In the order of `--help`. */
export const COMMANDS: Commands = {
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
  ...SHARED_COMMANDS,
  mcp: async () => (await import("./open-mcp.js")).registerMcp,
  completion: async () => (await import("./completion.js")).registerCompletion,
  "dial-stdio": async () => (await import("./dial-stdio.js")).registerDialStdio,
  tui: async () => (await import("./open-tui.js")).registerTui,
};

/** The tree of all commands. */
export function commandTree(): Promise<Command> {
  return treeOf(Object.values(COMMANDS));
}
