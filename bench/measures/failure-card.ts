/**
 * Time from the record of a failure to the whole card on the screen: what failed, what changed in the checkout, the first
 * new line of the log. A real daemon with five earlier successes, and the dashboard on a pty of 160x50.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { startDashboard } from "../harness/dashboard.js";
import { percentile } from "../harness/percentile.js";
import { alone as row } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const SUCCESSES = 5;
/** Lines of each log. */
const LINES = 1000;
/** The last part of the card. */
const CARD = "new in the log";

const script = (end: string) =>
  `i=0; while [ $i -lt ${LINES} ]; do echo "checked file $i of the release"; i=$((i+1)); done\n${end}\n`;

export default async function failureCard({ quick }: MeasureOptions): Promise<Row[]> {
  const world = await benchWorld();
  const cwd = join(world.dir, "checkout");
  mkdirSync(cwd);
  const file = join(cwd, "check.sh");
  const git = (...words: string[]) =>
    execFileSync("git", ["-C", cwd, "-c", "user.name=a", "-c", "user.email=a@b", ...words]);
  writeFileSync(file, script("exit 0"));
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "check: begin");
  for (let i = 0; i < SUCCESSES; i++) await ended(world, (await submit(world, cwd)).id);
  writeFileSync(file, script('echo "the certificate is not valid" >&2; exit 3'));
  git("commit", "-qam", "check: look at the certificate");
  const { id } = await submit(world, cwd);
  await ended(world, id);

  const dashboard = startDashboard(world.socket, id);
  await dashboard.data((data) => data.includes(CARD));
  const waits: number[] = [];
  for (let round = 0; round < (quick ? 5 : 30); round++) {
    await sleep(300);
    const shown = dashboard.data((data) => data.includes(CARD)).then(() => Date.now());
    await world.client.retry(id, {});
    const { finishedAt } = await ended(world, id);
    waits.push((await shown) - Date.parse(finishedAt!));
  }
  dashboard.kill();
  world.stop();
  const p50 = Math.round(percentile(waits, 0.5));
  return [
    row("dashboard, failure recorded to its card on the screen, p95", [percentile(waits, 0.95)], {
      unit: "ms",
      goal: { of: "ours", atMost: 300 },
      notes: `p50 ${p50} ms of ${waits.length} failures; ${SUCCESSES} earlier successes, ${LINES} lines each, in a checkout; pty of 160x50`,
    }),
  ];
}

const submit = ({ client }: BenchWorld, cwd: string) =>
  client.submit(
    { op: "shell", params: { args: ["sh", "check.sh"] }, cwd, env: { PATH: process.env.PATH! } },
    newKey(),
  );

async function ended({ client }: BenchWorld, id: string) {
  for (;;) {
    const record = await client.show(id);
    if (record.state === "succeeded" || record.state === "failed") return record;
    await sleep(20);
  }
}
