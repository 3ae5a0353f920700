/**
 * Bytes of code, and modules of Node that `node -e 0` does not load, of a real run of each frequent
 * command.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { row } from "../harness/measure.js";
import { runBatch } from "../harness/submitter.js";
import { benchWorld, bin, node } from "../harness/world.js";

const PRELOAD = fileURLToPath(new URL("../harness/loaded.cjs", import.meta.url));

const world = await benchWorld({ slots: 1 });
const finished = await runBatch(world, 1);
world.run("liveops", "pause", "--all");
const queued = world.run("liveops", "submit", "shell", "--", "true").trim();
const bare = loaded("-e", "0").builtins;
const commands: Record<string, string[]> = {
  submit: ["shell", "--", "true"],
  ls: [],
  show: [finished],
  wait: [finished],
  logs: [finished],
  status: [],
  cancel: [queued],
};
for (const [command, words] of Object.entries(commands)) {
  const { bytes, builtins } = loaded(bin("liveops"), command, ...words);
  row(`${command}: code`, "bytes", null, [bytes]);
  builtinsOf(command, builtins);
}
// Loads what the first frame loads.
builtinsOf("dashboard", loaded(bin("liveops-tui"), "--help").builtins);

function builtinsOf(name: string, builtins: readonly string[]): void {
  const added = builtins.filter((each) => !bare.includes(each));
  row(`${name}: builtins`, "modules", null, [added.length], {}, added.join(", "));
}

function loaded(...words: string[]) {
  const file = join(world.dir, "loaded.json");
  const env = { ...world.env, BENCH_LOADED: file };
  execFileSync(node, ["--require", PRELOAD, ...words], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const { files, modules } = JSON.parse(readFileSync(file, "utf8")) as Record<
    "files" | "modules",
    string[]
  >;
  const names = modules.map((name) => name.replace("NativeModule ", ""));
  return {
    bytes: files.reduce((sum, each) => sum + statSync(each).size, 0),
    builtins: builtinModules.filter((name) => names.includes(name)),
  };
}
