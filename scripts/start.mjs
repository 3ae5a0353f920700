/**
 * The main job, on this checkout: starts the daemon, submits backup -> verify-backup -> prune-backups, and shows it:
 * in the dashboard where there is a terminal, as text where there is none.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = (name) => join(root, "dist", "bin", `${name}.cjs`);
// Each checkout has its own: one must not prune another's archives. Not in the temporary directory, where another user
// could make it first.
const checkout = createHash("sha256").update(root).digest("hex").slice(0, 8);
const cache = process.env.XDG_CACHE_HOME || join(process.env.HOME || homedir(), ".cache");
const target = join(cache, "liveops", `demo-${checkout}`);
mkdirSync(target, { recursive: true, mode: 0o700 });

/** Runs one of our commands; ends with its exit code where it fails. */
function run(name, args, stdout = "inherit") {
  const { status, stdout: out } = spawnSync(process.execPath, [bin(name), ...args], {
    stdio: ["inherit", stdout, "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) process.exit(status ?? 70);
  return out;
}

run("liveopsd", ["start"]);
const hasTerminal = process.stdin.isTTY && process.stdout.isTTY && process.env.TERM !== "dumb";
// Long enough to be watched where somebody watches.
const excluded = hasTerminal ? [".git", "dist"] : [".git", "dist", "node_modules"];
const words = [
  `source=${root}`,
  `target=${target}`,
  "name=liveops",
  "keep=2",
  ...excluded.map((name) => `exclude=${name}`),
];
const id = run("liveops", ["submit", "backup", ...words, "--label", "this checkout"], "pipe").trim();
process.stderr.write(`submitted ${id}: this checkout, to ${target}\n`);

if (hasTerminal) run("liveops-tui", [id]);
else run("liveops", ["watch", id]);
process.stderr.write("the daemon goes on: npx liveops ls, npx liveops-tui; npx liveopsd stop ends it\n");
