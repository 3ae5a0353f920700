/** Which real programs wait for input on their terminal. */
import { existsSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { inputWait } from "../../../ops/programs/input-wait.js";
import { Terminal, terminalEnvironment } from "../../../ops/programs/pty.js";

const started: Terminal[] = [];
afterEach(async () => {
  const terminals = started.splice(0);
  for (const { pid, isOpen } of terminals) if (isOpen) process.kill(-pid, "SIGKILL");
  await Promise.all(terminals.map(({ ended }) => ended));
});

async function start(script: string): Promise<Terminal> {
  const env = terminalEnvironment(process.env);
  const terminal = await Terminal.start("sh", ["-c", script], {
    cwd: "/",
    env,
    size: { columns: 80, rows: 24 },
  });
  terminal.output.resume();
  started.push(terminal);
  return terminal;
}

const NODE = `'${process.execPath}'`;
const WAIT = [
  "read x",
  "cat",
  "cat | sleep 1000",
  "bash --norc -i",
  `${NODE} -e 'process.stdin.on("data", () => {})'`,
  ...(existsSync("/usr/bin/less") ? ["less /etc/passwd"] : []),
];

it.each(WAIT)("%s waits", async (script) => {
  const terminal = await start(script);
  await expect.poll(() => inputWait(terminal.pid)).toBe("yes");
});

const BUSY = [
  "sleep 1000",
  "sleep 1000; true",
  "while :; do :; done",
  "cat </dev/null; sleep 1000 & wait",
  "tail -f /etc/passwd",
  `${NODE} -e 'setInterval(() => {}, 1000)'`,
  `${NODE} -e 'require("node:http").createServer().listen(0); process.stdin.resume()'`,
];

it.each(BUSY)("%s does not wait", async (script) => {
  const terminal = await start(`echo started; ${script}`);
  await new Promise<void>((done) => void terminal.output.once("data", () => done()));
  const looks = Array.from({ length: 20 }, async (_, n) => {
    await new Promise((done) => setTimeout(done, n * 50));
    return inputWait(terminal.pid);
  });
  expect(new Set(await Promise.all(looks))).toEqual(new Set(["no"]));
});

it("ends with the program", async () => {
  const terminal = await start("read x");
  await expect.poll(() => inputWait(terminal.pid)).toBe("yes");
  terminal.write(Buffer.from("x\r"));
  await terminal.ended;
  expect(inputWait(terminal.pid)).toBe("unknown");
});
