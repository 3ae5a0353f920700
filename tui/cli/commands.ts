/** The commands of `liveops`, in the groups of its help. */
import type { Command } from "commander";
import { type Commands, treeOf } from "./command-line.js";
import { SHARED_COMMANDS } from "./liveopsd/commands.js";

/** In the order of the help. */
const GROUPS: Readonly<Record<string, Commands>> = {
  Run: {
    submit: async () => (await import("./submit/command.js")).registerSubmit,
    demo: async () => (await import("../features/demo/command.js")).registerDemo,
    run: async () => (await import("./run/command.js")).registerRun,
    again: async () => (await import("./submit/again.js")).registerAgain,
    retry: async () => (await import("./retry.js")).registerRetry,
    shell: async () => (await import("../features/shell/command.js")).registerShell,
    report: async () => (await import("./report.js")).registerReport,
  },
  Look: {
    tui: async () => (await import("./open-tui.js")).registerTui,
    ls: async () => (await import("./ls/command.js")).registerLs,
    show: async () => (await import("./show/command.js")).registerShow,
    why: async () => (await import("../features/why/command.js")).registerWhy,
    logs: async () => (await import("./logs.js")).registerLogs,
    watch: async () => (await import("./follow/watch.js")).registerWatch,
    wait: async () => (await import("./follow/wait.js")).registerWait,
    status: async () => (await import("./status.js")).registerStatus,
    attach: async () => (await import("./attach/command.js")).registerAttach,
    ops: async () => (await import("./ops.js")).registerOps,
  },
  Change: {
    cancel: async () => (await import("./cancel.js")).registerCancel,
    edit: async () => (await import("./submit/edit.js")).registerEdit,
    pause: async () => (await import("./pause.js")).registerPause,
    approve: async () => (await import("./approve.js")).registerApprove,
    reject: async () => (await import("./approve.js")).registerReject,
    resume: async () => (await import("./pause.js")).registerResume,
    rm: async () => (await import("./rm.js")).registerRm,
  },
  Plan: {
    schedule: async () => (await import("../features/schedules/command.js")).registerSchedule,
    queue: async () => (await import("./queue.js")).registerQueue,
    hosts: async () => (await import("../features/hosts/command.js")).registerHosts,
    drain: async () => (await import("../features/fleet/drain.js")).registerDrain,
  },
  Share: {
    export: async () => (await import("../features/export/command.js")).registerExport,
    mcp: async () => (await import("../features/mcp/open-mcp.js")).registerMcp,
    "dial-stdio": async () => (await import("../features/ssh/command.js")).registerDialStdio,
  },
  "Set up": {
    ...SHARED_COMMANDS,
    new: async () => (await import("../features/new/command.js")).registerNew,
    check: async () => (await import("./check.js")).registerCheck,
    config: async () => (await import("./config/config.js")).registerConfig,
    completion: async () => (await import("../features/completion/command.js")).registerCompletion,
    schema: async () => (await import("./schema.js")).registerSchema,
  },
};

export const COMMANDS: Commands = Object.assign({}, ...Object.values(GROUPS));

/** The tree of all commands. */
export async function commandTree(): Promise<Command> {
  const root = await treeOf([]);
  for (const [name, commands] of Object.entries(GROUPS)) {
    root.commandsGroup(`${name}:`);
    for (const load of Object.values(commands)) (await load())(root);
  }
  return root;
}
