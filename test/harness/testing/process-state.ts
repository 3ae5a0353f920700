/**
 * What an operation under test shares with the test runner's process: output, console, handlers of
 * uncaught errors, environment and directory. Everything is as before when the last run has ended.
 *
 * Runs may overlap. The asynchronous context of a call tells which run writes, so that the output
 * of the test itself goes where it went before.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { Console } from "node:console";
import type { Writable } from "node:stream";
import { type CurrentWriter, currentWriter } from "../../../ops/attempt/current-step.js";
import { keepVariables } from "../../../ops/attempt/operation-variables.js";
import { type OutputStream, WrittenLines } from "../../../ops/programs/capture-output.js";
import type { CutPlace } from "../../../ops/programs/output.js";

/** The written lines of one run. */
export type RunOutput = Readonly<Record<OutputStream, WrittenLines<CurrentWriter>>>;

export function runOutput(
  onLine: (stream: OutputStream, text: string, writer: CurrentWriter | undefined) => void,
  placeOf: CutPlace,
): RunOutput {
  const lines = (stream: OutputStream) =>
    new WrittenLines<CurrentWriter>(
      (text, writer) => onLine(stream, text, writer),
      placeOf,
      currentWriter,
    );
  return { stdout: lines("stdout"), stderr: lines("stderr") };
}

const writing = new AsyncLocalStorage<RunOutput>();

/** Functions that undo the changes to the process, while a run is active. */
let undo: Array<() => void> = [];
let active = 0;
/** The only active run set the environment or the directory. */
let exclusive = false;

/**
 * Runs `work` with its output captured and with these variables.
 *
 * @param env - added to the environment during the run; null, with `isElsewhere` false: the run
 *   changes nothing
 * @param isElsewhere - whether the run changes the directory
 * @throws Error if the run, or one that is active, changes the environment or the directory
 */
export async function inProcess<R>(
  output: RunOutput,
  env: Record<string, string> | null,
  isElsewhere: boolean,
  work: () => Promise<R>,
): Promise<R> {
  const isExclusive = env !== null || isElsewhere;
  if (exclusive || (isExclusive && active > 0))
    throw new Error(
      "a run with cwd or env changes the directory or the environment of this process, and another run is active; await that run first",
    );
  if (active++ === 0) undo = [captureWrites(), captureConsole(), ...FAULTS.map(detachHandlers)];
  exclusive = isExclusive;
  const leaveEnv = keepVariables(Object.keys(env ?? {}));
  Object.assign(process.env, env);
  try {
    return await writing.run(output, work);
  } finally {
    for (const lines of Object.values(output)) lines.flush();
    leaveEnv();
    exclusive = false;
    if (--active === 0) for (const restore of undo.splice(0)) restore();
  }
}

function captureWrites(): () => void {
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write);
  for (const [index, name] of (["stdout", "stderr"] as const).entries()) {
    const stream = streams[index]!;
    const original = originals[index]!;
    stream.write = ((...words: Parameters<typeof original>) => {
      const output = writing.getStore();
      return output === undefined ? original.apply(stream, words) : output[name].write(...words);
    }) as typeof stream.write;
  }
  return () => {
    for (const [index, stream] of streams.entries()) stream.write = originals[index]!;
  };
}

/** A test runner may replace `console` by one that does not write to the process's streams. */
function captureConsole(): () => void {
  const original = globalThis.console;
  // Not a Writable, which would keep a second write until the first is done, in the context of the
  // first.
  const to = (name: OutputStream) =>
    ({ write: (text: string) => process[name].write(text) }) as Writable;
  const captured = new Console({ stdout: to("stdout"), stderr: to("stderr"), ignoreErrors: false });
  const replaced = new Proxy(original, {
    get: (target, name) =>
      Reflect.get(
        writing.getStore() !== undefined && Object.hasOwn(captured, name) ? captured : target,
        name,
      ),
  });
  globalThis.console = replaced;
  return () => {
    if (globalThis.console === replaced) globalThis.console = original;
  };
}

/**
 * The test runner would blame the test; the runner of the operation fails the operation instead, as
 * in a worker.
 */
const FAULTS = ["uncaughtException", "unhandledRejection"] as const;

function detachHandlers(name: (typeof FAULTS)[number]): () => void {
  const handlers = process.rawListeners(name) as Array<(...words: unknown[]) => void>;
  for (const handler of handlers) process.off(name, handler);
  return () => {
    for (const handler of handlers) process.on(name, handler);
  };
}
