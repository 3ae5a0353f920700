/** Cgroups as files: the chosen base, what is read. On directories that look like cgroups. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { describe, expect, test } from "vitest";
import { Cgroup } from "../../../daemon/os/cgroup.js";
import { type CgroupSystem, openBase, ownCgroup } from "../../../daemon/os/cgroup-base.js";
import { Containment } from "../../../daemon/worker/containment.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const UID = 1000;

/** A directory with the files of a cgroup. */
function fakeCgroup(dir: string, files: Record<string, string> = {}): string {
  mkdirSync(dir, { recursive: true });
  const all = {
    "cgroup.procs": "",
    "cgroup.type": "domain\n",
    "cgroup.subtree_control": "",
    "cgroup.events": "populated 0\nfrozen 0\n",
    ...files,
  };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(dir, name), text);
  return dir;
}

/** A system whose hierarchy is mounted at `mount`, with the daemon in `path`. */
function system(mount: string, path: string, over: Partial<CgroupSystem> = {}): CgroupSystem {
  return {
    cgroup: `1:name=systemd:/elsewhere\n0::${path}\n`,
    mountinfo: `30 23 0:26 / ${mount} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n`,
    uid: UID,
    isDelegated: () => true,
    ...over,
  };
}

const SERVICE = "/user.slice/user-1000.slice/user@1000.service/app.slice/liveopsd.service";

describe("the daemon's own cgroup", () => {
  const at = (cgroup: string, mountinfo: string) => ownCgroup(cgroup, mountinfo);
  const mount = (root: string, point: string, type = "cgroup2") =>
    `35 30 0:30 ${root} ${point} rw - ${type} cgroup rw\n`;

  test("is the path of its 0:: line below the mount", () => {
    expect(at("0::/a/b\n", mount("/", "/sys/fs/cgroup"))).toBe("/sys/fs/cgroup/a/b");
    expect(at("0::/\n", mount("/", "/sys/fs/cgroup"))).toBe("/sys/fs/cgroup");
  });

  test("is found beside hierarchies of version 1, below a part, and with a space in its place", () => {
    const hybrid =
      mount("/", "/sys/fs/cgroup/cpu", "cgroup") + mount("/", "/sys/fs/cgroup/unified");
    expect(at("3:cpu:/x\n0::/b\n", hybrid)).toBe("/sys/fs/cgroup/unified/b");
    expect(at("0::/part/b\n", mount("/part", "/cg"))).toBe("/cg/b");
    expect(at("0::/part\n", mount("/part", "/cg"))).toBe("/cg");
    expect(at("0::/a\n", mount("/", "/c\\040g"))).toBe("/c g/a");
  });

  test("is none without version 2, or outside of what is mounted", () => {
    expect(at("3:cpu:/x\n", mount("/", "/sys/fs/cgroup"))).toBeNull();
    expect(at("0::/b\n", mount("/", "/sys/fs/cgroup/cpu", "cgroup"))).toBeNull();
    expect(at("0::/other\n", mount("/part", "/cg"))).toBeNull();
    expect(ownCgroup(null, null)).toBeNull();
  });
});

describe("the base", () => {
  test("is that of a delegated unit, and the daemon moves out of the way", () => {
    const mount = directory();
    const dir = fakeCgroup(join(mount, SERVICE), { "cgroup.procs": `${process.pid}\n` });
    const asked: unknown[] = [];
    const isDelegated = (...words: unknown[]) => asked.push(words) > 0;
    expect(openBase(system(mount, SERVICE, { isDelegated }))).toEqual({ dir });
    expect(asked).toEqual([["liveopsd.service", true]]);
    expect(readFileSync(join(dir, "daemon", "cgroup.procs"), "utf8")).toBe(String(process.pid));
  });

  test("is the unit's where systemd has put the daemon into its subgroup", () => {
    const mount = directory();
    const dir = fakeCgroup(join(mount, SERVICE));
    fakeCgroup(join(dir, "daemon"), { "cgroup.procs": `${process.pid}\n` });
    expect(openBase(system(mount, `${SERVICE}/daemon`))).toEqual({ dir });
  });

  test.each<[string, string, Record<string, string>, Partial<CgroupSystem>, RegExp]>([
    ["a unit that is not delegated", SERVICE, {}, { isDelegated: () => false }, /Delegate=yes/],
    ["one that others are in", SERVICE, { "cgroup.procs": "1\n" }, {}, /other processes are in/],
    ["one of another user", "/container", {}, { uid: 12_345 }, /not delegated to this user/],
    ["root's, without a unit", "/container", {}, { uid: 0 }, /not delegated to this user/],
  ])("is not %s: nothing in it is touched", (_, path, files, over, reason) => {
    const mount = directory();
    const dir = fakeCgroup(join(mount, path), files);
    expect(openBase(system(mount, path, over))).toEqual({
      dir: null,
      reason: expect.stringMatching(reason),
    });
    expect(existsSync(join(dir, "daemon"))).toBe(false);
  });

  test("is not the root cgroup", () => {
    const mount = directory();
    fakeCgroup(mount);
    rmSync(join(mount, "cgroup.type"));
    expect(openBase(system(mount, "/"))).toMatchObject({ reason: expect.stringMatching(/root/) });
  });

  test("is root's, outside of a unit, where the daemon is alone in its child", () => {
    const mount = directory();
    const dir = fakeCgroup(join(mount, "given"));
    const child = fakeCgroup(join(dir, "daemon"), { "cgroup.procs": `${process.pid}\n` });
    const all = system(mount, "/given/daemon", { uid: 0 });
    expect(openBase(all)).toEqual({ dir });
    fakeCgroup(child, { "cgroup.procs": `1\n${process.pid}\n` });
    expect(openBase(all)).toEqual({ dir: null, reason: `other processes are in ${child}` });
  });
});

test("what the kernel tells of a cgroup", () => {
  const dir = fakeCgroup(directory(), {
    "cgroup.procs": "12\n13\n",
    "cgroup.events": "populated 1\nfrozen 0\n",
  });
  fakeCgroup(join(dir, "below"), { "cgroup.procs": "14\n" });
  const cgroup = new Cgroup(dir);
  expect([cgroup.pids(), cgroup.ownPids(), cgroup.isPopulated()]).toEqual([
    [12, 13, 14],
    [12, 13],
    true,
  ]);
});

test("empty cgroups of earlier daemons go, those of workers that are needed stay", () => {
  const base = fakeCgroup(directory());
  const all = new Containment({
    log: pino({ level: "silent" }),
    open: () => ({ dir: base }),
  });
  all.open();
  expect(all.report()).toEqual({ kind: "cgroup", cgroup: base, reason: null });
  for (const id of ["old", "needed"]) mkdirSync(all.cgroupOf(id)!);
  chmodSync(base, 0o700);
  all.removeEmpty((workerId) => workerId === "needed");
  expect(["old", "needed"].map((id) => existsSync(all.cgroupOf(id)!))).toEqual([false, true]);
});
