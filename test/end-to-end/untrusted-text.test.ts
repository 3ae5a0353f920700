/**
 * What an operation, a label or a file name says never acts on the terminal it is shown on: on
 * pipes and on a pty.
 */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../protocol/id.js";
import { NASTY } from "./operations/hostile.js";
import { onTerminal } from "./terminal.js";
import { useWorld } from "./world.js";

const world = useWorld({ operations: ["hostile"] });

/** Controls but the newline, C1, bidi and tags. */
const ACTIVE =
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u{e0000}-\u{e007f}]/u;

/**
 * What our own colouring, line clearing, carriage returns and links to files of this world write to
 * a terminal.
 */
const OURS = /\x1b\[[0-9;]*m|\x1b\[2?K|\r|\x1b\]8;;(?:file:\/\/[\w.-]+\/[\w.~%/-]*)?\x1b\\/g;

let good: string;
let bad: string;

beforeAll(async () => {
  const submit = async (fail: boolean) => {
    const params = { text: NASTY, fail };
    return (await world.client.submit({ op: "hostile", params, label: `label ${NASTY}` }, newId()))
      .id;
  };
  good = await submit(false);
  bad = await submit(true);
  await world.finished(good);
  await world.finished(bad);
});

const LOOKS: Array<[string, () => string[]]> = [
  ["show", () => ["show", good]],
  ["show of a failed one", () => ["show", bad]],
  ["watch", () => ["watch", good]],
  ["watch of a failed one", () => ["watch", bad]],
  ["logs", () => ["logs", good]],
  ["export", () => ["export", bad]],
  ["why --against", () => ["why", bad, "--against", good]],
  ["ls", () => ["ls"]],
  ["ops", () => ["ops"]],
  ["wait", () => ["wait", bad]],
  ["run", () => ["run", "hostile", `text=${NASTY}`]],
  ["run of a failing one", () => ["run", "hostile", "fail=true", "--label", NASTY]],
  ["submit --follow", () => ["submit", "hostile", "--follow", "--label", NASTY]],
  ["submit of what is not there", () => ["submit", `no ${NASTY}`]],
  ["submit with a parameter that is not there", () => ["submit", "hostile", `no${NASTY}=1`]],
  ["show of what is not there", () => ["show", `no${NASTY}`]],
];

describe("in a pipe nothing active is written", () => {
  test.each(LOOKS)("%s", async (_name, words) => {
    const { stdout, stderr } = await world.liveops(words());
    expect(stdout).not.toMatch(ACTIVE);
    expect(stderr).not.toMatch(ACTIVE);
    expect(stdout + stderr).not.toBe("");
  });

  test("what was said is still there to read", async () => {
    const { stdout } = await world.liveops(["watch", good]);
    // A log line loses its control sequences.
    for (const said of ["log", "stdout", "stderr"]) expect(stdout).toContain(`${said} \\u202e`);
    expect(stdout).toContain("status \\x1b[2J\\x1b]0;owned\\x07\\x9b31m\\u202e");
    expect(stdout).toContain("=== [1/1] Stage \\x1b[2J");
  });

  test("--json is ASCII-safe where it matters: no raw control character in it", async () => {
    for (const words of [
      ["show", good, "--json"],
      ["watch", good, "--json"],
      ["logs", good, "--json"],
      ["ls", "--json"],
    ]) {
      const { stdout } = await world.liveops(words);
      expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    }
  });
});

describe("on a terminal nothing but our own colours and line clearing is", () => {
  test.each(LOOKS)("%s", async (_name, words) => {
    await using terminal = onTerminal(world, "liveops", words(), { size: [200, 50] });
    await terminal.exited;
    expect(terminal.screen.written.replaceAll(OURS, "")).not.toMatch(ACTIVE);
  });
});

test("names of files and directories with escapes in them: backup, and an operation file", async () => {
  world.write(`work/tree/${NASTY.replaceAll("/", "")}.txt`, "x");
  const followed = await world.liveops([
    "submit",
    "backup",
    "source=tree",
    "target=out",
    "--follow",
  ]);
  expect(followed.code, followed.stderr).toBe(0);
  expect(followed.stdout + followed.stderr).not.toMatch(ACTIVE);
  world.write(`config/liveops/ops/bad ${NASTY}.ts`, "throw new Error('\\x1b[2J');");
  const { stdout, stderr } = await world.liveops(["ops"]);
  expect(stderr).toContain("does not load");
  expect(stdout + stderr).not.toMatch(ACTIVE);
});

test("the dashboard: the screen is drawn as always, and the title of the window is nobody's", async () => {
  await using terminal = onTerminal(world, "liveops-tui", [good]);
  await terminal.screen.until("stderr ");
  expect(terminal.screen.written).not.toContain("\x1b]0;owned");
  expect(terminal.screen.written).not.toMatch(/[\u0080-\u009f\u202e]/);
  expect(terminal.screen.faults).toEqual([]);
  terminal.press("q");
  expect(await terminal.exited).toBe(0);
});

test("liveopsd logs and status too", async () => {
  const { stdout } = await world.liveopsd(["logs"]);
  expect(stdout).not.toMatch(ACTIVE);
  const status = await world.liveopsd(["status", "--socket", join(world.dir, `x${NASTY}`)]);
  expect(status.code).toBe(3);
  expect(status.stderr).not.toMatch(ACTIVE);
});
