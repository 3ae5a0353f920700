/**
 * `npm start`: starts the daemon, submits backup -> verify-backup -> prune-backups for this checkout, and shows the
 * chain in the dashboard, or as text where there is no terminal.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = (name) => join(root, "dist", "bin", `${name}.cjs`);
// Each checkout has its own target, so that it does not prune the archives of another checkout. Not in the temporary
// directory, where another user could create the target first.
const checkout = createHash("sha256").update(root).digest("hex").slice(0, 8);
const cache = process.env.XDG_CACHE_HOME || join(process.env.HOME || homedir(), ".cache");
const target = join(cache, "liveops", `demo-${checkout}`);
mkdirSync(target, { recursive: true, mode: 0o700 });

/** Runs one of our commands; exits with the command's exit code where it fails. */
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
// On a terminal node_modules is included, so that the backup is long enough to watch.
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
process.stderr.write(
  "the daemon keeps running: see npx liveops ls or npx liveops-tui, or stop it with npx liveopsd stop\n",
);
