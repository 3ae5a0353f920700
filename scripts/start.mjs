/**
 * `npm start [-- DIRECTORY]`: starts the daemon, submits backup -> verify-backup for the packages
 * of this checkout or for the directory, and shows the chain in the dashboard, or as text where
 * there is no terminal. Then it cancels what is left of the chain and removes the archives, unless
 * an operation of another run still uses them.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = (name) => join(root, "dist", "bin", `${name}.cjs`);
const source = resolve(process.argv[2] ?? join(root, "node_modules"));
// Each checkout has its own target, so that it does not remove the archives of another checkout.
// Not in the temporary directory, where another user could create the target first.
const checkout = createHash("sha256").update(root).digest("hex").slice(0, 8);
const cache = process.env.XDG_CACHE_HOME || join(process.env.HOME || homedir(), ".cache");
const target = join(cache, "liveops", `demo-${checkout}`);
const hasTerminal = process.stdin.isTTY && process.stdout.isTTY && process.env.TERM !== "dumb";

let child = null;
// Ctrl-C ends the command that runs; this process then cleans up.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child?.kill(signal));

process.exitCode = await demo().finally(cleanUp);

/** @returns the exit code */
async function demo() {
  const wasRunning = (await run("liveopsd", ["status"], "ignore", "ignore")).code === 0;
  const started = await run("liveopsd", ["start"]);
  if (started.code !== 0) return started.code;
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const words = ["backup", `source=${source}`, `target=${target}`];
  const { code, stdout: id } = await run("liveops", ["submit", ...words], "pipe");
  if (code !== 0) return code;
  say(`submitted ${id}: ${source}, to ${target}`);
  const shown = hasTerminal ? await run("liveops-tui", [id]) : await run("liveops", ["watch", id]);
  await endChain(id);
  const daemon = wasRunning
    ? "the daemon was running before and continues"
    : "the daemon continues to run";
  say(`${daemon}: see npx liveops ls or npx liveops-tui, or stop it with npx liveops stop`);
  say("sample operations of every kind, which leave nothing behind: npx liveops demo");
  return shown.code;
}

/**
 * Cancels what is left of the chain, where the dashboard was left or Ctrl-C came before its end.
 */
async function endChain(first) {
  const isOwn = ({ chain }) => chain.id === first;
  const left = async () => (await usersOfTarget())?.filter(isOwn).map(({ id }) => id) ?? [];
  let ids = await left();
  if (ids.length > 0) say("the chain is cancelled");
  // An operation that ends before its cancel hands over to the next one.
  for (; ids.length > 0; ids = await left())
    if ((await run("liveops", ["cancel", "--wait", ...ids], "ignore")).code !== 0) return;
}

/** Removes the archives, also those of an earlier run that was interrupted. */
async function cleanUp() {
  if (!existsSync(target)) return;
  const live = (await usersOfTarget())?.map(({ id }) => id) ?? null;
  if (live?.length === 0) return rmSync(target, { recursive: true, force: true });
  if (live === null) return say(`the archives are in ${target}; remove them with: rm -r ${target}`);
  const what =
    live.length === 1 ? "an operation still uses" : `${live.length} operations still use`;
  say(
    `${what} the archives; end it with: npx liveops cancel --wait ${live.join(" ")} && rm -r ${target}`,
  );
}

/**
 * The operations that are not finished and use the target; null where the daemon does not answer.
 */
async function usersOfTarget() {
  const list = ["ls", "--state", "queued,running", "--limit", "1000", "--json"];
  const { code, stdout } = await run("liveops", list, "pipe", "ignore");
  if (code !== 0) return null;
  const usesTarget = ({ params }) =>
    Object.values(params).some((value) => `${value}`.startsWith(target));
  return JSON.parse(stdout).filter(usesTarget);
}

/** Runs one of our commands. @returns its exit code and, with `pipe`, what it printed */
function run(name, args, stdout = "inherit", stderr = "inherit") {
  return new Promise((resolve, reject) => {
    child = spawn(process.execPath, [bin(name), ...args], { stdio: ["inherit", stdout, stderr] });
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      child = null;
      resolve({ code: code ?? 130, stdout: text.trim() });
    });
  });
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
