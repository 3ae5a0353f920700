/**
 * The commands on the daemon. `liveopsd` has all of them, and `liveops` those whose names it has no
 * other use for.
 */
import { type Commands, treeOf } from "../command-line.js";

/** In the order of `--help`. */
export const DAEMON_COMMANDS: Commands = {
  start: async () => (await import("./start.js")).registerStart,
  stop: async () => (await import("./stop.js")).registerStop,
  restart: async () => (await import("./restart.js")).registerRestart,
  status: async () => (await import("./status.js")).registerStatus,
  install: async () => (await import("../../features/install/install.js")).registerInstall,
  logs: async () => (await import("./logs.js")).registerLogs,
};

const { status: _, logs: __, ...shared } = DAEMON_COMMANDS;

/** Those of `liveops`, whose `status` and `logs` are about operations. */
export const SHARED_COMMANDS: Commands = shared;

/** The tree of `liveopsd`. */
export const daemonTree = () => treeOf(Object.values(DAEMON_COMMANDS), "liveopsd");
