/**
 * `liveops demo`: a daemon in a temporary directory with sample operations, and the dashboard over
 * it. At the end of the dashboard, after a signal and after the death of this process, the daemon,
 * its operations and the directory are removed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { newKey } from "../../../protocol/client/idempotency-key.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { UsageError } from "../../../protocol/failures.js";
import { socketPathProblem } from "../../../protocol/system/places.js";
import { launch } from "../../cli/liveopsd/launch.js";
import { hasTerminal } from "../../cli/open-tui.js";
import { addCommand, allOptions, commandPlaces, type GlobalOptions } from "../../kit/options.js";

/** The operation files, beside the bundle. */
const OPERATIONS = fileURLToPath(new URL("./demo", import.meta.url));
const DASHBOARD = fileURLToPath(new URL("./bin/liveops-tui.cjs", import.meta.url));

const CONCURRENCY = 6;
const DEPLOYED = ["web-1", "web-2", "web-3", "web-4", "web-5", "web-6", "web-7", "web-8"];

/** Resolves with the exit code. */
async function demo(): Promise<number> {
  const signals = new Signals();
  const dir = temporaryDirectory();
  say("starting a temporary daemon with sample operations; q ends the demo");
  useOnly(dir);
  const remove = removerOf(dir);
  try {
    const places = await commandPlaces({});
    const client = clientFor(places, {});
    await launch({ ops: [OPERATIONS], concurrency: CONCURRENCY }, places);
    if (!signals.came) await submitSamples(client, join(dir, "work"));
    return signals.came ? EXIT.interrupted : await showDashboard(signals);
  } finally {
    say(
      (await remove())
        ? "removed the demo and its operations; for your own: liveops submit -- make test"
        : `the daemon of the demo does not stop; its directory stays: ${dir}`,
    );
  }
}

/**
 * Stops the daemon and removes the directory, as often as it takes: a daemon under load answers
 * late.
 */
const REMOVE = `cat
tries=0
until "$1" "$2" stop --now && rm -rf "$3"; do
  tries=$((tries + 1))
  [ $tries -lt 60 ] || exit 1
  sleep 1
done`;

/**
 * Starts a process of its own session that removes the demo once its stdin ends: it ends with this
 * process, however this process ends.
 *
 * @returns removes the demo; whether it is removed
 */
function removerOf(dir: string): () => Promise<boolean> {
  const words = ["-c", REMOVE, "sh", process.execPath, process.argv[1]!, dir];
  const remover = spawn("sh", words, {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(remover, "exit");
  return async () => {
    remover.stdin.end();
    const [code] = await ended;
    return code === 0;
  };
}

/** @throws UsageError */
function temporaryDirectory(): string {
  const name = "liveops-demo-";
  // The path of a socket has a limit.
  const isLong = socketPathProblem(join(tmpdir(), `${name}XXXXXX/state/liveopsd.sock`)) !== null;
  const parent = isLong ? "/tmp" : tmpdir();
  try {
    return mkdtempSync(join(parent, name));
  } catch (error) {
    throw new UsageError(
      `no directory can be made in ${parent}: ${(error as Error).message}`,
      "set TMPDIR to a directory that you can write",
    );
  }
}

function say(text: string): void {
  process.stderr.write(`liveops: ${text}\n`);
}

/** From here on, this process and those that it starts use only this directory. */
function useOnly(dir: string): void {
  for (const name of Object.keys(process.env))
    if (/^LIVEOPS_/.test(name) && name !== "LIVEOPS_SCREEN_READER") delete process.env[name];
  const places = {
    HOME: "home",
    TMPDIR: "tmp",
    LIVEOPS_STATE_DIR: "state",
    XDG_CONFIG_HOME: "config",
    XDG_CACHE_HOME: "cache",
    XDG_STATE_HOME: "looks",
    XDG_RUNTIME_DIR: "run",
  };
  for (const [name, path] of Object.entries(places)) {
    process.env[name] = join(dir, path);
    mkdirSync(join(dir, path), { mode: 0o700 });
  }
  mkdirSync(join(dir, "work"));
}

async function submitSamples(client: Client, cwd: string): Promise<void> {
  const submit = (op: string, label: string, more: { queue?: string; set?: string[] } = {}) =>
    client.submit({ op, label, cwd, ...more }, newKey());
  await client.setQueue("deploy", { concurrency: 2 });
  await submit("import", "orders 2025");
  await submit("release", "version 4.2");
  await submit("snapshot", "nightly");
  for (const host of DEPLOYED)
    await submit("deploy", host, { queue: "deploy", set: [`host=${host}`] });
  await client.addSchedule({
    name: "health-check",
    cron: "* * * * *",
    zone: "UTC",
    operation: { op: "health-check", cwd },
  });
  await submit("build", "main");
}

/** Resolves with its exit code. */
function showDashboard(signals: Signals): Promise<number> {
  const child = spawn(process.execPath, [DASHBOARD], { stdio: "inherit" });
  signals.onCome = () => child.kill("SIGTERM");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? EXIT.interrupted));
  });
}

/** Signals that end the demo. They do not end this process, which cleans up first. */
class Signals {
  came = false;
  onCome: () => void = () => {};

  constructor() {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        this.came = true;
        this.onCome();
      });
  }
}

export function registerDemo(root: Command): void {
  const command = addCommand(
    root,
    "demo",
    "Show the dashboard with sample operations of a temporary daemon",
    ["liveops demo"],
    "none",
  )
    .addHelpText(
      "after",
      "\nThe daemon has a temporary directory. At the end everything of the demo is removed.",
    )
    .action(async () => {
      const { socket, stateDir } = allOptions<GlobalOptions>(command);
      if (socket !== undefined || stateDir !== undefined)
        throw new UsageError(
          "liveops demo has a daemon of its own",
          "leave out --socket and --state-dir",
        );
      if (!hasTerminal())
        throw new UsageError(
          "liveops demo shows the dashboard, and needs a terminal",
          "without one, run an operation as text: liveops run -- echo hello",
        );
      // node:sqlite, which holds our locks, still announces itself as experimental.
      process.removeAllListeners("warning");
      process.exitCode = await demo();
    });
}
