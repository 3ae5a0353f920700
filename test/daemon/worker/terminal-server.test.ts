/** The worker's socket of a terminal, at a path longer than a socket may have. */
import { mkdirSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import {
  type FromTerminal,
  type ToTerminal,
  terminalSocket,
} from "../../../daemon/run-files/terminal-socket.js";
import { TerminalServer } from "../../../daemon/worker/terminal-server.js";
import { Terminal, terminalEnvironment } from "../../../ops/programs/pty.js";
import { TerminalScreen } from "../../../ops/programs/terminal-screen.js";
import { LineSplitter } from "../../../protocol/ndjson.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

/** Asks; the answers as they come. */
async function ask(
  dir: string,
  first: ToTerminal,
): Promise<{ socket: Socket; lines: FromTerminal[] }> {
  const { path, release } = terminalSocket(dir);
  const lines: FromTerminal[] = [];
  const splitter = new LineSplitter((line) => lines.push(JSON.parse(line) as FromTerminal));
  const socket = connect(path);
  await new Promise((done, fail) => void socket.once("connect", done).once("error", fail));
  release();
  socket.on("data", (chunk: Buffer) => splitter.push(chunk));
  socket.write(`${JSON.stringify(first)}\n`);
  return { socket, lines };
}

const shown = (lines: FromTerminal[]) =>
  lines
    .flatMap((line) =>
      line.type === "output" ? [Buffer.from(line.data, "base64").toString()] : [],
    )
    .join("");

it("passes output, input and size; refuses what a program does not read; is gone at the end", async () => {
  const dir = join(directory(), "a".repeat(100), "b".repeat(100));
  mkdirSync(dir, { recursive: true });
  const problems: string[] = [];
  const server = new TerminalServer(dir, (reason) => problems.push(reason));
  const env = terminalEnvironment(process.env);
  const script = "echo first; while read x; do echo got $x; stty size; done; echo last";
  const terminal = await Terminal.start("sh", ["-c", script], { cwd: "/", env, size: server.size });
  onTestFinished(() => void (terminal.isOpen && process.kill(-terminal.pid, "SIGKILL")));
  const screen = new TerminalScreen();
  terminal.output.on("data", (bytes: Buffer) => screen.write(bytes));
  const refusal = (number: number) => (number === 1 ? null : "asks something else");
  server.changed({ terminal, screen, program: "sh", refusal });
  expect(statSync(join(dir, "terminal.sock")).mode & 0o777).toBe(0o600);
  await expect.poll(() => screen.replay().toString()).toContain("first");

  const attached = await ask(dir, { type: "attach" });
  await expect.poll(() => shown(attached.lines)).toContain("first");
  expect(attached.lines[0]).toMatchObject({ type: "output", screen: true });
  const other = await ask(dir, { type: "input", text: "other\r", number: 2 });
  await expect
    .poll(() => other.lines)
    .toEqual([{ type: "unasked", reason: "asks something else" }]);
  const typed = await ask(dir, {
    type: "input",
    text: "one\r",
    number: 1,
    size: { columns: 70, rows: 20 },
  });
  await expect
    .poll(() => typed.lines)
    .toEqual([{ type: "typed", size: { columns: 70, rows: 20 } }]);
  await expect.poll(() => shown(attached.lines)).toMatch(/got one\r\n20 70\r\n/);
  expect(shown(attached.lines)).not.toContain("other");
  const flood = await ask(dir, {
    type: "input",
    data: Buffer.alloc(2 * 1024 * 1024, "y").toString("base64"),
  });
  await expect
    .poll(() => flood.lines)
    .toEqual([{ type: "refused", reason: "its program does not read what is typed" }]);

  await ask(dir, { type: "input", text: "\x04" });
  await terminal.ended;
  server.changed(null);
  await expect.poll(() => attached.lines.at(-1)).toEqual({ type: "end" });
  expect(shown(attached.lines)).toMatch(/last\r\n$/);
  const late = await ask(dir, { type: "attach" });
  await expect
    .poll(() => late.lines)
    .toEqual([{ type: "refused", reason: "no program runs on a terminal now" }]);
  await server.close();
  expect(statSync(join(dir, "terminal.sock"), { throwIfNoEntry: false })).toBeUndefined();
  expect(problems).toEqual([]);
});
