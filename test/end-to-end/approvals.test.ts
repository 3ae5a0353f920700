/** A question to a person on the command line: what each command says of it, and the answer on a terminal. */
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
  await watch.says("stderr", `${asked} (canary, all); answer it with: liveops approve ${id} CHOICE`);
  const wait = world.start("liveops", ["wait", id]);
  await wait.says("stderr", `waits for approval (liveops approve ${id}): Out\\x1b[31m?`);
  expect((await world.liveops(["show", id])).stdout).toContain(`: liveops approve ${id} CHOICE\n`);
  expect((await world.liveops(["why", id])).stdout).toContain(`liveops reject ${id}`);
  expect((await world.liveops(["approve"])).stderr).toContain(`  ${id}  Out\\x1b[31m? (canary, all)\n`);
  expect((await world.liveops(["approve", id, "all"])).stdout).toBe(`${id} answered: all\n`);
  expect((await wait.ended).code).toBe(0);
  const { code, stdout: out, stderr: err } = await watch.ended;
  expect(code).toBe(0);
  for (const text of [asked, "approved: all"]) expect(`${out}${err}`.split(text)).toHaveLength(2);
  expect(out).toContain("to all\n");
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
