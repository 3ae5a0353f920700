/**
 * The loader: a process that imports operation types, describes them, and checks parameters against them.
 *
 * Schemas are the user's code and may hang or crash; here that affects only this process. Each file is reported as soon
 * as it is loaded, and parameters are read between two files.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { blockedNames } from "../../ops/loading/blocked-names.js";
import { type LoadErrors, type LoadedFileTypes, loadFiles } from "../../ops/loading/load-files.js";
import { enableUserCode, sourcesOf } from "../../ops/loading/user-code.js";
import { describeType } from "../../ops/types/describe-type.js";
import { type Prepared, prepare } from "../../ops/types/prepare.js";
import { type OperationCtor, readType } from "../../ops/types/read-type.js";
import { type Problem, Refusal } from "../../protocol/errors.js";
import { removeStartVariables } from "../child-environment.js";
import type { FileResult, FromLoader, LoaderSetup, LocatedAsk, ToLoader } from "./messages.js";

/** How often the loader reports that it is alive while it works, in ms. */
const ALIVE_MS = 200;

const { files, startOnly } = JSON.parse(process.argv[2] ?? "{}") as LoaderSetup;
const types = new Map<string, OperationCtor>();
const classes = new Map<OperationCtor, number>();
const told = new Set<LoadErrors[number]>();
/** Set in the code that reads parameters: that code may end this process, but a file that is being loaded may not. */
const reading = new AsyncLocalStorage<boolean>();
let isLoading = true;
/** Questions that are being answered. */
let answering = 0;
let alive: NodeJS.Timeout | null = null;

process.on("disconnect", () => process.exit(0));
// The daemon reads both streams. When it dies, this process ends by the disconnect above, not by a broken pipe.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
// An error that user code throws while it is loaded must not end the loader.
process.on("uncaughtException", (error) => process.stderr.write(`${error.stack ?? error}\n`));
process.on("message", (message: ToLoader) => void reading.run(true, () => answer(message)));

send({ type: "alive" });
atWork();
enableUserCode(new URL("./liveops.js", import.meta.url).href);
removeStartVariables(startOnly);
const { errors } = await loadFiles(files, {
  mayExit: () => reading.getStore() === true,
  onFile: (file) => send({ type: "loading", file }),
  onLoaded: (loaded, wrong, isLate) => send({ type: "file", result: describe(loaded, wrong, isLate) }),
});
isLoading = false;
send({ type: "loaded", faults: errors.filter((error) => !told.has(error)) });
atWork();

function describe(loaded: LoadedFileTypes, wrong: LoadErrors, isLate: boolean): FileResult {
  const { file, found, noType } = loaded;
  for (const error of wrong) told.add(error);
  const sources = sourcesOf(file);
  const blocked = blockedNames(loaded);
  const result: FileResult = { file, types: [], errors: [...wrong], noType, blocked, sources, isLate };
  for (const Type of found) {
    try {
      const type = describeType(Type, file);
      const classId = classes.get(Type) ?? classes.size;
      classes.set(Type, classId);
      // The first type of a name counts.
      if (!types.has(keyOf(file, type.op))) types.set(keyOf(file, type.op), Type);
      result.types.push({ type, classId, hasTitles: readType(Type).titleOf !== null });
    } catch (fault) {
      result.errors.push({ file, message: (fault as Error).message });
    }
  }
  return result;
}

async function answer({ call, asks }: ToLoader): Promise<void> {
  answering++;
  atWork();
  const prepared: Prepared[] = [];
  try {
    for (const ask of asks) {
      if (isLoading) send({ type: "answering", file: ask.file });
      prepared.push(await prepare(typeOf(ask), ask.input));
    }
    send({ call, type: "prepared", prepared });
  } catch (error) {
    send({ call, type: "refused", index: prepared.length, problem: asProblem(error) });
  }
  answering--;
  atWork();
}

function typeOf({ op, file }: LocatedAsk): OperationCtor {
  const Type = types.get(keyOf(file, op));
  if (!Type) throw new Error(`${file} has no operation type ${op}`);
  return Type;
}

function keyOf(file: string, op: string): string {
  return `${op}\n${file}`;
}

function asProblem(error: unknown): Problem {
  if (error instanceof Refusal) return error.toProblem();
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${stack}\n`);
  return new Refusal(
    "LIVEOPS_PARAMS_INVALID",
    `the type's own code failed on the parameters: ${message}`,
  ).toProblem();
}

/** Reports that the loader is alive while it works. */
function atWork(): void {
  const isBusy = isLoading || answering > 0;
  if (isBusy) alive ??= setInterval(() => send({ type: "alive" }), ALIVE_MS);
  if (isBusy || alive === null) return;
  clearInterval(alive);
  alive = null;
}

function send(message: FromLoader): void {
  if (process.connected) process.send?.(message);
}
