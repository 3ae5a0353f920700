/**
 * A question to a person on the command line: what each command says of it, and the answer on a
 * terminal.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { waitsForApproval } from "../../protocol/approval.js";
import { onTerminal } from "./terminal.js";
import { useWorld } from "./world.js";

const world = useWorld();
afterEach(() => world.quiet());

function pipeline(name: string, text: string): string {
  writeFileSync(join(world.work, name), text);
  return name;
}

const ROLLOUT = `stages:
  - { name: Ask, approve: "Out\\e[31m?", choices: [canary, all] }
  - { name: Ship, run: 'echo "to $approved"' }
`;

test("each command names the question and the answer once, and untrusted text is harmless", async () => {
  expect(await world.liveops(["approve"])).toMatchObject({
    code: 2,
    stderr: "liveops: no operation waits for approval\n",
  });
  const { stdout } = await world.liveops(["submit", pipeline("rollout.yaml", ROLLOUT)]);
  const id = stdout.trim();
  await world.record(id, (record) => waitsForApproval(record) !== null);
  const watch = world.start("liveops", ["watch", id]);
  const asked = "waits for approval: Out\\x1b[31m?";
  await watch.says("stdout", "=== [1/2] Ask ===");
  await watch.says(
    "stderr",
    `${asked} (canary, all); answer it with: liveops approve ${id}/1 CHOICE`,
  );
  const wait = world.start("liveops", ["wait", id, "--timeout", "1h"]);
  await wait.says("stderr", `waits for approval (liveops approve ${id}/1 CHOICE): Out\\x1b[31m?`);
  expect((await world.liveops(["show", id])).stdout).toContain(
    `: liveops approve ${id}/1 CHOICE\n`,
  );
  expect((await world.liveops(["why", id])).stdout).toContain(`liveops reject ${id}/1`);
  expect((await world.liveops(["approve"])).stderr).toContain(
    `  ${id}/1  Out\\x1b[31m? (canary, all)\n`,
  );
  expect((await world.liveops(["approve", id, "all"])).stdout).toBe(
    `${id} answered: all (Out\\x1b[31m?)\n`,
  );
  expect((await wait.ended).code).toBe(0);
  const { code, stdout: out, stderr: err } = await watch.ended;
  expect(code).toBe(0);
  for (const text of [asked, "approved: all"]) expect(`${out}${err}`.split(text)).toHaveLength(2);
  expect(out).toContain("to all\n");
});

test("a second approve does not answer the next question, which nobody has seen", async () => {
  const text =
    "stages:\n  - { name: Q1, approve: To staging? }\n  - { name: Q2, approve: Drop it? }\n";
  const id = (await world.liveops(["submit", pipeline("two.yaml", text)])).stdout.trim();
  const asks = (question: string) =>
    world.record(id, (record) => waitsForApproval(record)?.question === question);
  await asks("To staging?");
  expect((await world.liveops(["approve", id])).stdout).toBe(`${id} answered: yes (To staging?)\n`);
  await asks("Drop it?");
  const refused = {
    code: 5,
    stdout: "",
    stderr: `liveops: Not possible now: another question of ${id} waits now: "Drop it?"; answer it with: liveops approve ${id}/2\n`,
  };
  const other = (await world.liveops(["submit", "shell", "--", "true"])).stdout.trim();
  const missing = `liveops: the answer of a person is missing: liveops approve ${id}/2\n`;
  expect(await world.liveops(["wait", id, other])).toMatchObject({
    code: 7,
    stdout: `${other} succeeded\n`,
  });
  expect((await world.liveops(["wait", id])).stderr).toContain(missing);
  expect(await world.liveops(["wait", id, "--timeout", "0"])).toMatchObject({
    code: 7,
    stderr: missing,
  });
  for (const words of [
    ["approve", id],
    ["approve", `${id}/1`],
    ["reject", id],
    ["reject", `${id}/1`],
  ])
    expect(await world.liveops(words)).toMatchObject(refused);
  expect(await world.liveops(["reject", `${id.slice(0, 8)}/2`])).toMatchObject({
    code: 0,
    stdout: `${id} answered: no (Drop it?)\n`,
  });
  await world.record(id, ({ state }) => state === "failed");
});

test("liveops run asks on the terminal, with what happens at the end of the time", async () => {
  const text = ROLLOUT.replace("all] }", "all], timeout: 1h, default: canary }");
  const name = pipeline("asks.yaml", text);
  await using terminal = onTerminal(world, "liveops", ["run", name]);
  const { screen } = terminal;
  await screen.until(/Out\\x1b\[31m\? \[canary\/all\] \(canary at .*\d\d:\d\d\)/);
  terminal.press("x\r");
  await screen.until(/x\s+Out/);
  terminal.press("al\r");
  await screen.until("to all");
  expect(await terminal.exited).toBe(0);

  await using second = onTerminal(world, "liveops", ["run", name]);
  await second.screen.until("[canary/all]");
  second.press("no\r");
  await second.screen.until("LIVEOPS_REJECTED");
  expect(await second.exited).toBe(1);

  const late = pipeline("late.yaml", text.replace("1h", "0.3s"));
  await using third = onTerminal(world, "liveops", ["run", late]);
  await third.screen.until(/\[canary\/all\].*\n *nobody answered in time: canary/);
  await third.screen.until("to canary");
});
