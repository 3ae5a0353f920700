/**
 * Mismatches between the versions of a command, of a daemon and of its package, each with the
 * command to type.
 */

import { optionsOf, ownWords } from "../../../daemon/start-words.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { packageOf } from "../../../protocol/system/package-place.js";
import { VERSION } from "../../../protocol/version.js";
import type { Unit } from "./manager.js";

/** @param unit runs the daemon, and names the package */
export function versionProblems(daemon: DaemonReply, unit: Unit | null): string[] {
  const { version } = daemon;
  const { dir, installed } = daemon.package;
  const own = packageOf(process.argv[1]!);
  const install = own === dir ? null : unit?.installLine(ownWords(optionsOf(daemon)));
  const command = install ?? "liveops restart";
  const next = `${command} (running operations continue)`;
  if (installed === null)
    return [
      `The package of the daemon was removed (${dir}). The daemon starts no new operations until you restart it with liveops ${VERSION} of ${own}: ${next}`,
    ];
  if (installed !== version)
    return [
      `liveops was upgraded from ${version} to ${installed} (${dir}). The daemon starts no new operations until you restart it: ${next}`,
    ];
  if (VERSION !== version)
    return [
      `The daemon runs liveops ${version} of ${dir}. This command is ${VERSION} of ${own}. Run the daemon with this version: ${next}`,
    ];
  return [];
}
