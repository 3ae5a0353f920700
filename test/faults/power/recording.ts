/**
 * A recorded workload: its calls in order, and what its clients asked and saw, each at its moment.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { World } from "../../harness/world.js";
import { SEED } from "../mode.js";
import { type Mark, marksFile, sideFile } from "./marks.js";
import { type Call, readTrace, tracing } from "./trace.js";

export interface Recording {
  /** The calls that change the state directory. */
  calls: Call[];
  /** `at`: how many of the calls had ended. */
  marks: Array<{ at: number; mark: Mark }>;
  /** What operations did outside of the state directory. */
  effects: Array<{ at: number; text: string }>;
}

const traceFile = (dir: string) => join(dir, "trace");

/**
 * Runs the workload in the world and records it. The state directory keeps its name and is empty
 * afterwards.
 */
export async function record(world: World, name: string, requests: number): Promise<Recording> {
  const trace = traceFile(world.dir);
  const [command, ...words] = [
    ...[...tracing(trace), process.execPath, "--import", "tsx"],
    ...[
      fileURLToPath(new URL("./workload.ts", import.meta.url)),
      world.dir,
      name,
      String(requests),
    ],
  ];
  const env = { ...process.env, LIVEOPS_FAULTS_SEED: String(SEED), UV_USE_IO_URING: "0" };
  const child = spawn(command!, words, { stdio: ["ignore", "ignore", "pipe"], env });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the workload ended with ${code}: ${said}`);
  return read(world);
}

/** The recording that was made in the world. */
export async function read({ dir, stateDir }: World): Promise<Recording> {
  const [marked, side] = [marksFile(dir), sideFile(dir)];
  const isOurs = (path: string) =>
    [dir, stateDir, marked, side].includes(path) || path.startsWith(`${stateDir}/`);
  const recording: Recording = { calls: [], marks: [], effects: [] };
  const { calls, marks, effects } = recording;
  /** When each thread sent something to another process for the last time. */
  const sent = new Map<string, number>();
  let last = 0;
  for await (const call of readTrace(traceFile(dir), isOurs, stateDir)) {
    if (call.type === "send") sent.set(call.thread, calls.length);
    else if (!("path" in call) || ![marked, side].includes(call.path)) calls.push(call);
    else if (call.type === "write" && call.path === side)
      effects.push(...linesOf(call.bytes).map((text) => ({ at: calls.length, text })));
    else if (call.type === "write") {
      // A client has seen nothing that was sent to it later than this.
      const others = [...sent].filter(([thread]) => thread !== call.thread).map(([, at]) => at);
      for (const text of linesOf(call.bytes)) {
        const mark = JSON.parse(text) as Mark;
        const at = "asked" in mark ? calls.length : Math.max(last, ...others);
        marks.push({ at, mark });
        last = at;
      }
    }
  }
  return recording;
}

function linesOf(bytes: Buffer): string[] {
  return bytes.toString().split("\n").filter(Boolean);
}
