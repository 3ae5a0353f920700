/** `liveops status`: one line for a prompt or a status bar. Never waits long, and prints nothing without a daemon. */
import { setTimeout as delay } from "node:timers/promises";
import { type Command, Option } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { ConnectionLostError, NoAnswerError, NoDaemonError } from "../../protocol/client/errors.js";
import { EXIT } from "../../protocol/exit-codes.js";
import { givenDuration } from "../kit/given-duration.js";
import { addCommand } from "../kit/options.js";
import { jsonLine } from "../kit/output/json.js";
import { addFormat, type OutputOptions, wantsJson } from "../kit/output/options.js";
import { report } from "../kit/report.js";
import { connectFor } from "./connection.js";
import { liveSnapshot } from "./list-pages.js";
import { ListProgress } from "./ls/progress.js";
import { readWaits } from "./read-waits.js";
import {
  ESCAPES,
  type Escape,
  formatStatus,
  PLACEHOLDER_NAMES,
  parseFormat,
  type StatusFacts,
  stageOf,
  summaryOf,
} from "./status-line.js";

interface StatusOptions extends OutputOptions {
  daemon?: boolean;
  format?: string;
  since?: string;
  idle?: string;
  escape?: Escape;
  timeout?: string;
}

const DEFAULT_SINCE = "24h";
const DEFAULT_TIMEOUT = "300ms";
/** Durations for messages. */
const FORMS = "300ms, 1h or 7d";

export function registerStatus(root: Command): void {
  const status = addCommand(root, "status", "Print the state of all operations in one line, for a prompt", [
    "liveops status",
    "liveops status --format '{running} running, {title:30} {percent}' --idle ''",
    "liveops status --escape tmux",
    "liveops status --json | jq .failed",
    "liveops status --daemon",
  ])
    .option("--daemon", "Show the daemon: version, places, workers and problems (same as liveopsd status)")
    .option(
      "--format <text>",
      `Print this text; placeholders: ${PLACEHOLDER_NAMES.map((name) => `{${name}}`).join(", ")}; {title:20} cuts, {{ is a brace (default: {summary})`,
    )
    .option(
      "--since <duration>",
      `Count operations that failed in this time, such as 1h or 7d (default: ${DEFAULT_SINCE})`,
    )
    .option("--idle <text>", "Print this text if nothing runs, waits or failed (default: idle)")
    .addOption(
      new Option("--escape <place>", "Escape the values for this place, which acts on #, % or $").choices(
        ESCAPES,
      ),
    )
    .option("--timeout <duration>", `Give up after this time (default: ${DEFAULT_TIMEOUT})`);
  addFormat(status, ["json", "jsonl"], "Form of the output (default: text)")
    .option("--json", "Print the counts and the newest running operation as JSON")
    .addHelpText(
      "after",
      `
Exit code 3 if no daemon answers in time.`,
    )
    .action(async (given: StatusOptions, command: Command) => {
      if (given.daemon) return await showDaemon();
      const { client, options, to } = await connectFor<StatusOptions>(command);
      const pieces = parseFormat(options.format ?? "{summary}");
      const since = givenDuration("--since", options.since ?? DEFAULT_SINCE, FORMS);
      const timeout = givenDuration("--timeout", options.timeout ?? DEFAULT_TIMEOUT, FORMS);
      const json = wantsJson(options);
      try {
        const facts = await inTime(client, timeout, readFacts(client, since));
        const { idle = options.format === undefined ? "idle" : null } = options;
        if (json) printLine(jsonLine(publicFacts(facts)));
        else if (idle !== null && summaryOf(facts) === "") printLine(idle);
        else printLine(await formatStatus(pieces, facts, options.escape ?? null));
      } catch (error) {
        if (!isAbsent(error)) throw error;
        // A prompt and a status bar read a pipe, and must not get a message. They say what they want to read.
        if (process.stdout.isTTY || !isForBar(options)) await report(error, to);
        process.exitCode = EXIT.noDaemon;
        // A request to a daemon that does not answer would keep the process. A fleet closes its connection itself.
        if (options.fleet === undefined) process.stdout.write("", () => process.exit());
      }
    });
}

/** The bundle of `liveopsd`, next to ours. It reads the command line of this process when it is loaded. */
const LIVEOPSD: string = "./liveopsd-cli.cjs";

async function showDaemon(): Promise<void> {
  process.argv = process.argv.filter((word) => word !== "--daemon");
  await import(LIVEOPSD);
}

function isForBar(options: StatusOptions): boolean {
  return [options.format, options.idle, options.escape].some((option) => option !== undefined);
}

function printLine(text: string): void {
  if (text !== "") process.stdout.write(`${text}\n`);
}

function isAbsent(error: unknown): boolean {
  return [NoDaemonError, NoAnswerError, ConnectionLostError].some((kind) => error instanceof kind);
}

/** @throws NoAnswerError after the time */
async function inTime<T>({ socket }: Client, seconds: number, work: Promise<T>): Promise<T> {
  const ms = seconds * 1000;
  const timer = new AbortController();
  const late = delay(ms, null, { signal: timer.signal }).then(() => {
    throw new NoAnswerError(socket, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
    work.catch(() => {});
  }
}

async function readFacts(client: Client, since: number): Promise<StatusFacts> {
  const finishedSince = new Date(client.now() - since * 1000).toISOString();
  const live = liveSnapshot(client, {});
  const [{ operations, counts: known }, failed, waits] = await Promise.all([
    live,
    client.list({ state: ["failed"], parent: "none", finishedSince, limit: 1 }),
    readWaits(client, null, live),
  ]);
  const outer = operations.filter((it) => it.state === "running" && it.parent === undefined);
  const [current = null] = outer.toSorted((a, b) => ((a.startedAt ?? "") < (b.startedAt ?? "") ? 1 : -1));
  const counts = {
    running: known.running,
    queued: known.queued,
    failed: failed.total,
    input: waits.filter(({ kind }) => kind === "input").length,
    waits: waits.length,
  };
  if (current === null) return { ...counts, current, overall: null };
  const progress = new ListProgress(client);
  await progress.load([current]);
  return { ...counts, current, overall: progress.of(current) };
}

/** The value of `--json`. A share that is not known is null. */
function publicFacts({ running, queued, failed, input, waits, current, overall }: StatusFacts) {
  const isKnown = overall !== null && (overall.known || overall.percent >= 1);
  const named = current && {
    id: current.id,
    op: current.op,
    title: current.title,
    label: current.label,
    stage: stageOf(current),
    percent: isKnown ? Math.floor(overall.percent) : null,
  };
  return { running, queued, failed, input, waits, current: named };
}
