/** Cgroups as files: the chosen base, the written and the read values. On directories that look like cgroups. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { describe, expect, test } from "vitest";
import { Cgroup } from "../../../daemon/os/cgroup.js";
import { type CgroupSystem, enableLimits, openBase, ownCgroup } from "../../../daemon/os/cgroup-base.js";
import { bootId } from "../../../daemon/os/process-identity.js";
import { describeDeath, withMemoryCause } from "../../../daemon/scheduler/worker-death.js";
import type { Run } from "../../../daemon/store/decision.js";
import { Containment } from "../../../daemon/worker/containment.js";
import type { Outcome } from "../../../protocol/event.js";
import { POLICY } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const GiB = 1024 ** 3;
const UID = 1000;

/** A directory with the files of a cgroup. */
function fakeCgroup(dir: string, files: Record<string, string> = {}): string {
  mkdirSync(dir, { recursive: true });
  const all = {
    "cgroup.procs": "",
    "cgroup.type": "domain\n",
    "cgroup.controllers": "cpu memory pids\n",
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
    const hybrid = mount("/", "/sys/fs/cgroup/cpu", "cgroup") + mount("/", "/sys/fs/cgroup/unified");
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
  test("is that of a delegated unit, and the daemon moves out of the way of its controllers", () => {
    const mount = directory();
    const dir = fakeCgroup(join(mount, SERVICE), { "cgroup.procs": `${process.pid}\n` });
    const asked: unknown[] = [];
    const isDelegated = (...words: unknown[]) => asked.push(words) > 0;
    expect(openBase("auto", system(mount, SERVICE, { isDelegated }))).toEqual({ dir });
    expect(asked).toEqual([["liveopsd.service", true]]);
    expect(readFileSync(join(dir, "daemon", "cgroup.procs"), "utf8")).toBe(String(process.pid));
  });

  test("is the unit's where systemd has put the daemon into its subgroup", () => {
    const mount = directory();
    const dir = fakeCgroup(join(mount, SERVICE));
    fakeCgroup(join(dir, "daemon"), { "cgroup.procs": `${process.pid}\n` });
    expect(openBase("auto", system(mount, `${SERVICE}/daemon`))).toEqual({ dir });
  });

  test.each<[string, string, Record<string, string>, Partial<CgroupSystem>, RegExp]>([
    ["a unit that is not delegated", SERVICE, {}, { isDelegated: () => false }, /Delegate=yes/],
    ["one that others are in", SERVICE, { "cgroup.procs": "1\n" }, {}, /other processes are in/],
    ["one of another user", "/container", {}, { uid: 12_345 }, /not delegated to this user/],
    ["root's, without a unit", "/container", {}, { uid: 0 }, /not delegated to this user/],
  ])("is not %s: nothing in it is touched", (_, path, files, over, reason) => {
    const mount = directory();
    const dir = fakeCgroup(join(mount, path), files);
    expect(openBase("auto", system(mount, path, over))).toEqual({
      dir: null,
      reason: expect.stringMatching(reason),
    });
    expect(existsSync(join(dir, "daemon"))).toBe(false);
  });

  test("is not the root cgroup", () => {
    const mount = directory();
    fakeCgroup(mount);
    rmSync(join(mount, "cgroup.type"));
    expect(openBase("auto", system(mount, "/"))).toMatchObject({ reason: expect.stringMatching(/root/) });
  });

  test("is the one that the setting names, or none: off, no cgroup, missing", () => {
    const mount = directory();
    const dir = fakeCgroup(join(mount, "given"));
    const plain = directory();
    const all = system(mount, SERVICE, { uid: 0, isDelegated: () => false });
    expect(openBase(dir, all)).toEqual({ dir });
    expect(openBase("off", all)).toEqual({ dir: null, reason: "the setting cgroup is off" });
    expect(openBase(plain, all)).toMatchObject({ reason: `${plain} is not a cgroup v2 directory` });
    expect(openBase(join(plain, "missing"), all)).toMatchObject({ dir: null });
    expect(existsSync(join(plain, "missing"))).toBe(false);
  });
});

test("controllers are enabled one by one, those that are there", () => {
  const some = fakeCgroup(directory(), { "cgroup.controllers": "cpuset memory pids\n" });
  expect(enableLimits(some)).toEqual(["memoryMax", "pidsMax"]);
  expect(readFileSync(join(some, "cgroup.subtree_control"), "utf8")).toBe("+pids");
  expect(enableLimits(fakeCgroup(directory(), { "cgroup.controllers": "\n" }))).toEqual([]);
  const busy = fakeCgroup(directory());
  rmSync(join(busy, "cgroup.subtree_control"));
  mkdirSync(join(busy, "cgroup.subtree_control"));
  expect(enableLimits(busy)).toEqual([]);
});

test("limits are written as the kernel reads them, and taken away", () => {
  const dir = fakeCgroup(directory(), { "memory.swap.max": "max\n" });
  const text = (file: string) => readFileSync(join(dir, file), "utf8");
  const files = ["memory.max", "memory.swap.max", "cpu.max", "pids.max"];
  const names = ["memoryMax", "cpuMax", "pidsMax"] as const;
  new Cgroup(dir).setLimits({ memoryMax: 2 * GiB, cpuMax: 1.5, pidsMax: 200 }, names);
  expect(files.map(text)).toEqual([String(2 * GiB), "0", "150000 100000", "200"]);
  new Cgroup(dir).setLimits({}, names);
  expect(files.map(text)).toEqual(["max", "max", "max 100000", "max"]);
});

test("what the kernel tells of a cgroup", () => {
  const dir = fakeCgroup(directory(), {
    "cgroup.procs": "12\n13\n",
    "cgroup.events": "populated 1\nfrozen 0\n",
    "memory.events": "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n",
  });
  fakeCgroup(join(dir, "below"), { "cgroup.procs": "14\n" });
  const cgroup = new Cgroup(dir);
  expect([cgroup.pids(), cgroup.ownPids(), cgroup.isPopulated()]).toEqual([[12, 13, 14], [12, 13], true]);
  expect(cgroup.oomKills()).toBe(1);
  expect(new Cgroup(join(dir, "gone")).oomKills()).toBe(0);
});

describe("limits of an operation", () => {
  const worker = (workerId: string, cgroup?: string) => {
    const identity = { workerId, directory: "0:0", pid: process.pid, startTime: null, bootId: bootId() };
    return cgroup === undefined ? identity : { ...identity, cgroup };
  };
  const containment = (open: typeof openBase) => {
    const made = new Containment({ setting: "auto", log: pino({ level: "silent" }), open });
    made.open();
    return made;
  };

  test("are put on its worker's cgroup, and taken away for the next operation", () => {
    const base = fakeCgroup(directory());
    const all = containment(() => ({ dir: base }));
    const cgroup = fakeCgroup(all.cgroupOf("w1")!);
    expect(all.limit(worker("w1", cgroup), { pidsMax: 99 })).toBeNull();
    expect(readFileSync(join(cgroup, "pids.max"), "utf8")).toBe("99");
    expect(all.limit(worker("w1", cgroup), undefined)).toBeNull();
    expect(readFileSync(join(cgroup, "pids.max"), "utf8")).toBe("max");
    expect(all.report()).toEqual({
      kind: "cgroup",
      cgroup: base,
      limits: ["memoryMax", "cpuMax", "pidsMax"],
      reason: null,
    });
  });

  test("that cannot be enforced are said with the reason", () => {
    const none = containment(() => ({ dir: null, reason: "no cgroup v2 is mounted" }));
    expect(none.limit(worker("w1"), { memoryMax: 2 * GiB, cpuMax: 1.5 })).toBe(
      "limits are not enforced (memoryMax 2 GiB, cpuMax 1.5): " +
        "operations have no cgroups here: no cgroup v2 is mounted",
    );
    const base = fakeCgroup(directory(), { "cgroup.controllers": "pids\n" });
    const some = containment(() => ({ dir: base }));
    const cgroup = fakeCgroup(some.cgroupOf("w2")!);
    expect(some.limit(worker("w2", cgroup), { cpuMax: 1.5, pidsMax: 99 })).toBe(
      "limits are not enforced (cpuMax 1.5): its controller is not enabled here",
    );
  });

  test("out of memory is told as such, with the limit", () => {
    const policy = { ...POLICY, limits: { memoryMax: GiB / 2 } };
    const run = { worker: worker("w1"), policy } as unknown as Run;
    const limit = "the operation reached its memory limit of 512 MiB (memoryMax)";
    expect(describeDeath(run, { code: null, signal: "SIGKILL" }, "", true)).toEqual({
      cause: "out-of-memory",
      message: `its worker was killed: ${limit}`,
    });
    expect(describeDeath(run, { code: null, signal: "SIGKILL" }, "", false).cause).toBe("killed");
    const error = { code: "LIVEOPS_EXCEPTION", message: "make was killed by SIGKILL", stack: null };
    const outcome: Outcome = { state: "failed", result: null, error, next: null };
    expect(withMemoryCause(outcome, run, () => true).error).toEqual({
      ...error,
      cause: "out-of-memory",
      message: `make was killed by SIGKILL; ${limit}, and the kernel killed one of its processes`,
    });
    expect(withMemoryCause(outcome, run, () => false)).toBe(outcome);
    expect(withMemoryCause(outcome, { ...run, policy: POLICY }, () => true)).toBe(outcome);
  });

  test("empty cgroups of earlier daemons go, those of workers that are needed stay", () => {
    const base = fakeCgroup(directory());
    const all = containment(() => ({ dir: base }));
    for (const id of ["old", "needed"]) mkdirSync(all.cgroupOf(id)!);
    chmodSync(base, 0o700);
    all.removeEmpty((workerId) => workerId === "needed");
    expect(["old", "needed"].map((id) => existsSync(all.cgroupOf(id)!))).toEqual([false, true]);
  });
});
