/**
 * The unit of the daemon: its text, its quotes, its state directory; and the package that it runs.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { packageOf, versionIn } from "../../../protocol/system/package-place.js";
import { stateDirIn, unitFor, unitIn } from "../../../tui/cli/liveopsd/manager.js";
import { placeWarnings } from "../../../tui/features/install/install.js";
import {
  nodeProgram,
  type UnitSpec,
  unitText,
  unitVariables,
  unitWord,
} from "../../../tui/features/install/unit-text.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

const SPEC: UnitSpec = {
  node: ["/usr/bin/node", "--max-semi-space-size=2"],
  script: "/usr/bin/liveopsd",
  options: ["--concurrency", "3"],
  env: { PATH: "/usr/bin:/bin" },
  stateDir: "/home/ann/.local/state/liveops",
};

const withWord = (word: string): UnitSpec => ({ ...SPEC, options: ["--ops", word] });

/** As systemd.syntax(7) and systemd.unit(5) describe it, for one word. */
function readWord(text: string): string {
  const inner = /^".*"$/s.test(text) ? text.slice(1, -1) : text;
  const bytes: number[] = [];
  for (let i = 0; i < inner.length; i++) {
    const [, hex] = /^\\x([0-9a-f]{2})/.exec(inner.slice(i, i + 4)) ?? [];
    if (hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
      i += 3;
    } else {
      if (inner[i] === "\\") i++;
      const point = String.fromCodePoint(inner.codePointAt(i)!);
      bytes.push(...Buffer.from(point));
      i += point.length - 1;
    }
  }
  return Buffer.from(bytes).toString("utf8").replaceAll("%%", "%");
}

/** Characters that a unit treats specially, control characters, and others. */
const SPECIAL = [..."\"\\%$' ;x-#=\t\n\u0001\u0085é", "😀", "%h", "$HOME", "\\x41"];

test("a word of a unit keeps its text, in one line", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...SPECIAL) })), (word) => {
      const text = unitWord(word);
      expect(text).not.toMatch(/\p{Cc}/u);
      // No specifier, no end of the word inside.
      expect(text.replaceAll("%%", "")).not.toContain("%");
      if (!text.startsWith('"')) expect(text).toMatch(/^[\w@+=:,./-]+$/);
      expect(readWord(text)).toBe(word);
    }),
  );
});

test("the unit holds what keeps operations alive, and quotes its paths", () => {
  const text = unitText({
    ...withWord('/srv/my "ops" 100%'),
    env: { PATH: "/usr/bin", LIVEOPS_CONFIG: "/home/ann/my config.json" },
  });
  expect(text).toContain(
    'ExecStart=:/usr/bin/node --max-semi-space-size=2 /usr/bin/liveopsd start --foreground --ops "/srv/my \\"ops\\" 100%%"\n',
  );
  expect(text).toContain(
    'Environment=PATH=/usr/bin\nEnvironment="LIVEOPS_CONFIG=/home/ann/my config.json"\n',
  );
  for (const line of [
    "KillMode=process",
    "Delegate=yes",
    "Type=notify",
    "NotifyAccess=all",
    "Restart=on-failure",
  ])
    expect(text).toContain(`\n${line}\n`);
});

test("systemd accepts the unit", { tags: ["systemd"] }, () => {
  const dir = directory();
  const node = join(dir, 'no de 100% "x" $HOME');
  copyFileSync("/bin/true", node);
  const file = join(dir, "liveopsd.service");
  const spec = withWord("/srv/$HOME\n; 100%h 'ops' \\ é");
  writeFileSync(file, unitText({ ...spec, node: [node] }));
  const said = spawnSync("systemd-analyze", ["--user", "verify", "--man=no", file], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: dir, XDG_RUNTIME_DIR: dir },
  });
  // A setting that this systemd does not know is a warning, too.
  expect([said.status, said.stderr]).toEqual([0, ""]);
});

test("the unit of a state directory is found by its file", () => {
  const XDG_CONFIG_HOME = directory();
  const dir = join(XDG_CONFIG_HOME, "systemd/user");
  expect(unitFor("/srv/test", { XDG_CONFIG_HOME })).toBeNull();
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "liveopsd.service"), unitText({ ...SPEC, stateDir: "/srv/test" }));
  const unit = unitFor("/srv/test", { XDG_CONFIG_HOME });
  expect(unit?.installLine(["--concurrency", "3"])).toBe("liveops install --concurrency 3");
  expect(unitFor("/srv/other", { XDG_CONFIG_HOME })).toBeNull();
});

test("only a unit that install wrote has a state directory", () => {
  expect(stateDirIn(unitText({ ...SPEC, stateDir: "/a b\n" }))).toBe("/a b\n");
  for (const text of [
    "",
    "[Service]\nExecStart=/bin/true\n",
    "# State directory: {",
    "# State directory: 1\n",
  ])
    expect(stateDirIn(text)).toBeNull();
});

test("the unit of a process is the innermost service of its cgroup", () => {
  const user = "/user.slice/user-1000.slice/user@1000.service";
  expect(unitIn(`0::${user}/app.slice/liveopsd.service/daemon\n`)).toBe("liveopsd.service");
  expect(unitIn(`0::${user}/app.slice/app-term.scope\n`)).toBeNull();
  expect(unitIn("12:pids:/x.service\n1:name=systemd:/system.slice/cron.service\n0::/\n")).toBe(
    "cron.service",
  );
  expect(unitIn("0::/init.scope\n")).toBeNull();
  expect(unitIn("")).toBeNull();
});

test("keeps the places of the shell and no secret of it; prefers the Node of the PATH", () => {
  const env = {
    PATH: "/bin",
    LC_TIME: "C",
    LIVEOPS_OPS: "/ops",
    TOKEN: "x",
    LIVEOPS_WORKER: "w",
    XDG_STATE_HOME: "",
  };
  expect(unitVariables(env, "/usr/bin/node")).toEqual({
    LC_TIME: "C",
    LIVEOPS_OPS: "/ops",
    PATH: "/bin",
  });
  const nvm = "/home/ann/.nvm/versions/node/v22.15.0/bin";
  const PATH = `${nvm}:/bin`;
  expect(unitVariables({ PATH }, "/home/ann/.local/lib/liveops/node/bin/node")).toEqual({
    PATH: "/bin",
  });
  expect(unitVariables({ PATH }, `${nvm}/node`)).toEqual({ PATH });
  const dir = directory();
  expect(nodeProgram({ PATH: dir })).toBe(process.execPath);
  symlinkSync(process.execPath, join(dir, "node"));
  expect(nodeProgram({ PATH: `relative:${dir}` })).toBe(join(dir, "node"));
  expect(nodeProgram({ PATH: dir }, "/elsewhere/node")).toBe("/elsewhere/node");
});

test("warns of a package that may go away", () => {
  const dir = directory();
  const place = join(dir, ".npm/_npx/1a/node_modules/liveops");
  mkdirSync(join(place, "dist/bin"), { recursive: true });
  writeFileSync(join(place, "package.json"), '{"version": "1.2.3"}');
  writeFileSync(join(place, "dist/bin/liveopsd.cjs"), "");
  symlinkSync(join(place, "dist/bin/liveopsd.cjs"), join(dir, "liveopsd"));
  const found = packageOf(join(dir, "liveopsd"));
  expect([found, versionIn(place), versionIn(dir)]).toEqual([place, "1.2.3", null]);
  expect(placeWarnings(place)).toEqual([expect.stringContaining("cache of npx")]);
  expect(packageOf(join(dir, "none"))).toBeNull();
  const checkout = join(dir, "checkout");
  mkdirSync(join(checkout, ".git"), { recursive: true });
  expect(placeWarnings(checkout)).toEqual([expect.stringContaining("checkout")]);
  expect(placeWarnings("/usr/lib/node_modules/liveops")).toEqual([]);
});
