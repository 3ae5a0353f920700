/**
 * A system without /proc, as macOS is: a mount namespace whose /proc is empty. Needs `unshare`
 * (util-linux), and as a user other than root the permission for user namespaces.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MOUNTS = process.geteuid?.() === 0 ? "-m" : "-Urm";

/** False in a container or a chroot that allows no mount namespace. */
export const canHide = spawnSync("unshare", [MOUNTS, "true"]).status === 0;

/** The words before a command that finds /proc empty. */
export const WITHOUT_PROC = enter("mount -t tmpfs none /proc");

/**
 * As `WITHOUT_PROC`, with a ps that works: it looks at the true /proc, in a mount namespace of its
 * own.
 *
 * @param dir - a directory of the test
 */
export function withPs(dir: string): string[] {
  const proc = join(dir, "proc");
  const [own, real] = [join(dir, "ps"), join(dir, "ps-real")];
  mkdirSync(proc, { recursive: true });
  copyFileSync("/bin/ps", real);
  const shown = `exec unshare -m sh -c 'mount --rbind "${proc}" /proc && exec "${real}" "$@"' ps "$@"\n`;
  writeFileSync(own, `#!/bin/sh\n${shown}`, { mode: 0o755 });
  return enter(
    `mount --rbind /proc "${proc}" && mount --bind "${own}" /bin/ps && mount -t tmpfs none /proc`,
  );
}

function enter(mounts: string): string[] {
  return ["unshare", MOUNTS, "sh", "-c", `${mounts} && exec "$@"`, "sh"];
}
