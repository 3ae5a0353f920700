/** The built dashboard on a pty, over a real daemon that runs real operations, and dies. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { OnTerminal } from "../harness/on-pty.js";
import { onTerminal } from "./terminal.js";
import { useWorld } from "./world.js";

const world = useWorld({ examples: true, operations: ["gate"] });

function dashboard(words: string[] = [], options = {}): OnTerminal {
  return onTerminal(world, "liveops-tui", words, options);
}

async function restored({ screen, exited }: OnTerminal): Promise<number> {
  const code = await exited;
  expect(screen.alternate).toBe(false);
  expect(screen.cursorShown).toBe(true);
  expect(screen.faults).toEqual([]);
  return code;
}

test("list, stages, bar and log of an operation that runs; it ends under the eyes", async () => {
  const id = await world.submit("gate", `file=${join(world.dir, "gate")}`);
  await using terminal = dashboard();
  const { screen } = terminal;
  await screen.until(/✓ Open/);
  await screen.until(/● Wait/);
  await screen.until(/○ Close/);
  await screen.until(/line \d\d/);
  await screen.until(/━+.*\d+ ?%/);
  expect(screen.alternate).toBe(true);
  world.write("gate", "");
  await screen.until(/✓ Close/);
  await screen.until("closed after");
  await screen.until("─ succeeded");
  expect((await world.client.show(id)).state).toBe("succeeded");
  terminal.press("q");
  expect(await restored(terminal)).toBe(0);
});

test("a chain hands over from step-a to step-b on the same screen, and the breadcrumb shows both", async () => {
  const id = await world.submit("step-a", "directory=/", "delayMs=60");
  await using terminal = dashboard([id]);
  await terminal.screen.until(/● List/);
  await terminal.screen.until(/(?:●|✓) Measure/);
  const text = await terminal.screen.until(/✓ Report/);
  expect(text).toMatch(/Step A.*Step B/);
  terminal.press("q");
  expect(await restored(terminal)).toBe(0);
});

test("s offers the pipelines of the directory, and runs one", async () => {
  const text =
    "params: { target: { required: true } }\nstages: [{ name: Copy, run: 'echo \"to $target\"' }]\n";
  world.write("work/own.yaml", text);
  world.write("work/broken.yaml", "stages: [{ name: A, rnu: x }]\n");
  await using terminal = dashboard();
  const { screen } = terminal;
  await screen.until(/Running|nothing/i);
  terminal.press("s");
  await screen.until(/own\.yaml/);
  terminal.press("broken");
  await screen.until(/submit broken\.yaml +does not load/);
  terminal.press("\x15submit own");
  await screen.until("▌submit own.yaml");
  terminal.press("\r");
  await screen.until("liveops submit own.yaml");
  terminal.press("a b");
  await screen.until("liveops submit own.yaml 'target=a b'");
  terminal.press("\x13");
  await screen.until("to a b");
  const [newest] = (await world.client.list({ limit: 1 })).operations;
  expect(await world.finished(newest!.id)).toMatchObject({ op: "pipeline", state: "succeeded" });
  terminal.press("q");
  expect(await restored(terminal)).toBe(0);
});

test("p pauses an operation and a queue, and the list says so; resumed, both go on", async () => {
  await world.client.setQueue("gpu", { concurrency: 1 });
  const id = await world.submit("gate", "--queue", "gpu", `file=${join(world.dir, "pause-gate")}`);
  await world.submit("gate", "--queue", "gpu", `file=${join(world.dir, "pause-gate")}`);
  await using terminal = dashboard([], { size: [140, 40] });
  const { screen } = terminal;
  await screen.until(/▌ ● /);
  terminal.press("p");
  await screen.until(/Pause .*\? .* yes/);
  expect((await world.client.show(id)).pause).toBeNull();
  terminal.press("y");
  await screen.until(/▌ ‖ .* paused │/);
  expect((await world.client.show(id)).pause?.since).toMatch(/Z$/);
  terminal.press("jp");
  await screen.until("Pause queue gpu? Nothing starts. 1 running continue.");
  terminal.press("y");
  await screen.until(/‖ queue gpu paused/);
  terminal.press("Q");
  await screen.until(/gpu +‖ paused +\d/);
  await world.client.resumeQueue({ queue: "gpu" });
  terminal.press("Q");
  terminal.press("kp");
  await screen.until(/▌ ● /);
  world.write("pause-gate", "");
  expect((await world.finished(id)).state).toBe("succeeded");
  await screen.until(/Finished \d/);
  terminal.press("q");
  expect(await restored(terminal)).toBe(0);
});

test("the daemon is killed: it says so, keeps what it showed, and s starts it as it was", async () => {
  const gate = join(world.dir, "killed-gate");
  const more = mkdtempSync(join(world.dir, "more-"));
  expect((await world.liveopsd(["restart", "--ops", more])).code).toBe(0);
  const id = await world.submit("gate", `file=${gate}`);
  await using terminal = dashboard([id]);
  const { screen } = terminal;
  await screen.until(/line \d/);
  await world.killDaemon();
  await screen.until(/not responding|reconnecting/i);
  expect(screen.text()).toMatch(/● Wait/);
  terminal.press("s");
  await screen.until((text) => !/not responding|reconnecting/i.test(text));
  expect((await world.client.daemon()).opsDirs).toContain(more);
  world.write("killed-gate", "");
  await screen.until(/closed after \d+/);
  await screen.until(/✓ Close/);
  await world.record(id, ({ state }) => state === "succeeded");
  expect(await world.client.show(id)).toMatchObject({ state: "succeeded", attempt: 1 });
  terminal.press("q");
  expect(await restored(terminal)).toBe(0);
});

test("the daemon is stopped (SIGSTOP): it says so, blames no operation, and goes on when the daemon does", async () => {
  const gate = join(world.dir, "stopped-gate");
  const id = await world.submit("gate", `file=${gate}`);
  await using terminal = dashboard([id]);
  const { screen } = terminal;
  await screen.until(/line \d/);
  const { pid } = await world.client.daemon();
  process.kill(pid, "SIGSTOP");
  try {
    const text = await screen.until(/▲ daemon not responding \(\d+s\)/);
    expect(text).toMatch(/● Wait/);
    expect(text).not.toContain("no progress");
  } finally {
    process.kill(pid, "SIGCONT");
  }
  const back = await screen.until((text) => !text.includes("not responding"));
  expect(back).not.toContain("no progress");
  world.write("stopped-gate", "");
  await screen.until(/✓ Close/);
  terminal.press("q");
  expect(await restored(terminal)).toBe(0);
});
