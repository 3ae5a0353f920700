/** Mismatches between the versions of a command, of a daemon and of its package, each with the command to type. */
import type { DaemonReply } from "../../../protocol/replies.js";
import { packageOf } from "../../../protocol/system/package-place.js";
import { VERSION } from "../../../protocol/version.js";
import { installLine } from "./install-line.js";
import { serviceFor } from "./service/find-service.js";

/** @param isOfService the daemon is run by a service, whose file names the package */
export function versionProblems(daemon: DaemonReply, isOfService: boolean): string[] {
  const { version } = daemon;
  const { dir, installed } = daemon.package;
  const own = packageOf(process.argv[1]!);
  const service = isOfService && own !== dir ? serviceFor(daemon.stateDir) : null;
  const command = service === null ? "liveopsd restart" : installLine(service);
  const next = `${command} (running operations continue)`;
  if (installed === null)
    return [
      `the package of the daemon was removed (${dir}), so that it starts no more operations; run it by liveops ${VERSION} of ${own}: ${next}`,
    ];
  if (installed !== version)
    return [
      `the daemon runs liveops ${version}, and ${dir} has ${installed} now, so that it starts no more operations; to run that: ${next}`,
    ];
  if (VERSION !== version)
    return [
      `the daemon runs liveops ${version} of ${dir}, and this command is ${VERSION} of ${own}; to run the daemon by this one: ${next}`,
    ];
  return [];
}
