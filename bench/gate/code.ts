/** Bytes of code and modules of Node that a real run of each frequent command loads. */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { THREE_STAGES } from "../harness/no-op.js";
import { runBatch } from "../harness/submitter.js";
import { benchWorld, bin, node } from "../harness/world.js";
import type { GateRow } from "./bounds.js";

const LOADED = fileURLToPath(new URL("../harness/loaded.cjs", import.meta.url));

export default async function code(): Promise<GateRow[]> {
  const world = await benchWorld({ ops: THREE_STAGES, flags: ["--concurrency", "1"] });
  const file = join(world.dir, "loaded.json");
  const env = { ...world.env, BENCH_LOADED: file };
  const loaded = (...words: string[]) => {
    execFileSync(node, ["--require", LOADED, ...words], { env, stdio: ["ignore", "ignore", "inherit"] });
    const { files, modules } = JSON.parse(readFileSync(file, "utf8")) as Loaded;
    const names = modules.map((name) => name.replace("NativeModule ", ""));
    return {
      bytes: files.reduce((sum, each) => sum + statSync(each).size, 0),
      builtins: builtinModules.filter((name) => names.includes(name)),
    };
  };
  try {
    const finished = await runBatch(world, 1);
    const occupies = ["submit", "shell", "--", "sleep", "3600"];
    world.run("liveops", ...occupies);
    const queued = world.run("liveops", "submit", "shell", "--", "true").trim();
    const bare = new Set(loaded("-e", "0").builtins);
    const commands: Record<string, string[]> = {
      submit: ["shell", "--", "true"],
      ls: [],
      show: [finished],
      wait: [finished],
      logs: [finished],
      status: [],
      cancel: [queued],
    };
    const names = (builtins: string[]) => builtins.filter((name) => !bare.has(name));
    const rows = Object.entries(commands).flatMap(([command, words]): GateRow[] => {
      const { bytes, builtins } = loaded(bin("liveops"), command, ...words);
      return [
        { name: `${command}: bytes of code`, value: bytes, room: 0.05 },
        { name: `${command}: builtins`, names: names(builtins) },
      ];
    });
    // Loads what the first frame loads.
    const dashboard = loaded(bin("liveops-tui"), "--help");
    return [...rows, { name: "dashboard: builtins", names: names(dashboard.builtins) }];
  } finally {
    world.stop();
  }
}

interface Loaded {
  files: string[];
  modules: string[];
}
