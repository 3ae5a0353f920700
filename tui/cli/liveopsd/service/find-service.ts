/** Which service a command of `liveopsd` has to do with: by its name, by the state directory, or by a running daemon. */
import { shellLine } from "../../../../protocol/text/shell-quote.js";
import { type InstallableService, type Service, serviceRefusal } from "./service.js";
import { servicesFor } from "./service-file.js";
import { UNIT_NAMES, UserUnit, unitDirectory, unitName, unitOf } from "./systemd.js";

type Env = Record<string, string | undefined>;

/**
 * The service of this name, whether or not it is installed.
 *
 * @param name of several daemons of one user; undefined: the usual name
 * @returns null on a system without a service manager that liveops knows
 */
export function serviceNamed(name: string | undefined, env: Env = process.env): InstallableService | null {
  return process.platform === "linux" ? new UserUnit(unitName(name), true, env) : null;
}

/** The service that was installed for this state directory; null if there is none. Runs no program. */
export function serviceFor(stateDir: string, env: Env = process.env): InstallableService | null {
  if (process.platform !== "linux") return null;
  const [name] = servicesFor(unitDirectory(env), UNIT_NAMES, stateDir);
  return name === undefined ? null : new UserUnit(name, true, env);
}

/** The service that runs this daemon, whoever wrote its file; null if none does. */
export async function serviceRunning(daemon: { pid: number; stateDir: string }): Promise<Service | null> {
  const installed = serviceFor(daemon.stateDir);
  if (installed !== null && (await installed.mainPid()) === daemon.pid) return installed;
  return process.platform === "linux" ? unitOf(daemon.pid) : null;
}

/** No service manager can start the daemon: the error names the other ways. */
export function noServiceManager(why: string, startWords: readonly string[]): Error {
  // In a crontab, a percent sign ends the command.
  const line = `@reboot ${shellLine(startWords).replaceAll("%", "\\%")}`;
  return serviceRefusal(
    "Not installed",
    `${why}; instead, let cron start the daemon (crontab -e): ${line}\n` +
      'or let a command start it when it is needed: "autostart": true in the config file',
  );
}
