/**
 * `npm run screens`: also records docs/agent.svg, what a coding agent asks of `liveops mcp` and
 * gets. The server, the daemon and the commands are real; the end of the client is a kill.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { benchWorld, bin } from "../../bench/harness/world.js";
import { McpClient } from "../../test/features/mcp/end-to-end/client.js";
import { HeadlessTerminal } from "../../test/tui/dashboard/terminal.js";
import { type Frame, frameOf, svgOf } from "./picture.js";

const SIZE = { columns: 100, rows: 24 };
const OUT = fileURLToPath(new URL("../../docs/agent.svg", import.meta.url));
const TESTS = 'for i in $(seq 1 40); do echo "[$i/40] test $i ok"; sleep 0.7; done; echo 40 passed';

const world = await benchWorld({ slots: 4 });
const dir = join(world.env.HOME!, "shop");
mkdirSync(dir);
const place = { bin, env: world.env as Record<string, string>, dir };
const screen = new HeadlessTerminal(SIZE.columns, SIZE.rows);
const frames: Frame[] = [];
const began = performance.now();

/** Prints a line of the session, and keeps the screen as a frame. */
async function say(style: number, text: string): Promise<void> {
  screen.write(`\x1b[${style}m${text.replaceAll("\n", "\r\n    ")}\x1b[0m\r\n`);
  await delay(50);
  frames.push(
    frameOf(screen, (performance.now() - began) / 1000, (part) =>
      part.replaceAll(world.env.HOME!, "/home/ada"),
    ),
  );
  await delay(1400);
}

async function ask(
  client: McpClient,
  tool: string,
  input: Record<string, unknown>,
  show: (reply: Reply) => string,
) {
  const shown = JSON.stringify(input).replace(JSON.stringify(TESTS), '"npm test"');
  await say(36, `▸ ${tool} ${shown}`);
  const reply = await client.call<Reply>(tool, input);
  await say(37, `    ${show(reply)}`);
  return reply;
}

interface Reply {
  id: string;
  state: string;
  percent?: number;
  left?: string;
  exitCode?: number;
  output: string;
  operations: Reply[];
  lastLine?: string;
}

const plain = (output: string) => output.replace(TESTS, "npm test");

const stateOf = ({ state, percent, left, exitCode }: Reply) =>
  [
    state,
    percent === undefined ? "" : `${percent}%`,
    left ? `${left} left` : "",
    exitCode === undefined ? "" : `exit ${exitCode}`,
  ]
    .filter(Boolean)
    .join(" · ");

try {
  const first = await McpClient.start(place);
  const { id } = await ask(
    first,
    "run_command",
    { command: TESTS, timeout: 1 },
    (reply) => `finished: false · ${reply.id} · ${stateOf(reply)}`,
  );
  await ask(first, "read_new_output", { id }, ({ output }) => plain(output));
  await say(31, "✗ the agent's process is killed");
  await first.kill();
  await say(32, "  a new session begins");
  const second = await McpClient.start(place);
  await ask(second, "list_operations", { mine: true }, ({ operations }) =>
    operations.map((each) => `${each.id} · ${stateOf(each)} · ${each.lastLine}`).join("\n"),
  );
  await ask(second, "wait_for_operation", { id }, () => "finished: true");
  await ask(
    second,
    "read_new_output",
    { id },
    (reply) => `${stateOf(reply)}\n${plain(reply.output)}`,
  );
  await second[Symbol.asyncDispose]();
} finally {
  world.stop();
}
const alt =
  "An agent runs a command, its process is killed, and a new session finds the command with its exit code.";
const svg = svgOf({ ...SIZE, frames, rest: 4, alt });
writeFileSync(OUT, svg);
console.log(`${frames.length} frames, ${(svg.length / 1024).toFixed(0)} KiB: docs/agent.svg`);
