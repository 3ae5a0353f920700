/**
 * The numbers that an operation tells, by name: outputs and values of the result that are numbers,
 * the items or bytes that the last bar of a stage counted, and how long each stage took.
 */
import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";

export interface Told {
  readonly value: number;
  /** `bytes`, `seconds`, or the unit of a bar; undefined: a plain number. */
  readonly unit: string | undefined;
  /** How long a stage took: the load of the machine changes it. */
  readonly isTime?: true;
}

/** Most numbers of an operation; those after them are not compared. */
const MOST_NUMBERS = 50;
/** Most characters of a name. */
const MOST_NAME = 100;
/** How deep numbers are searched in a result: `size`, `rows.read`. */
const DEEPEST = 2;

export type Numbers = ReadonlyMap<string, Told>;

type Teller = Pick<Operation, "stages" | "stageStates" | "stageTimes" | "progress" | "seconds">;

/** @param result - of a success that is not recorded yet too */
export function numbersOf(it: Teller, result: unknown): Numbers {
  const numbers = new Map<string, Told>();
  const add = (name: string, told: Told) => {
    if (numbers.size < MOST_NUMBERS && name.length <= MOST_NAME && !numbers.has(name))
      numbers.set(name, told);
  };
  addValue(add, toldOf(result), "result", 0);
  for (const stage of it.stages) {
    const times = getOwn(it.stageTimes, stage);
    if (times === undefined || times.resumed || getOwn(it.stageStates, stage) !== "done") continue;
    if (times.items !== undefined)
      add(stage, { value: times.items.done, unit: unitOfBar(times.items.unit) ?? "items" });
    if (times.seconds !== null)
      add(`${stage} time`, { value: times.seconds, unit: "seconds", isTime: true });
  }
  if (it.stages.length > 0) return numbers;
  const { progress, seconds } = it;
  if (progress !== null && !progress.approximate && progress.unit !== "%")
    add(progress.label ?? "items", { value: progress.done, unit: unitOfBar(progress.unit) });
  if (seconds !== null) add("time", { value: seconds, unit: "seconds", isTime: true });
  return numbers;
}

/** A program and a pipeline tell their outputs; how a program ended is known. */
function toldOf(result: unknown): unknown {
  if (typeof result !== "object" || result === null || !("exitCode" in result)) return result;
  return "outputs" in result ? result.outputs : null;
}

function addValue(
  add: (name: string, told: Told) => void,
  value: unknown,
  name: string,
  depth: number,
) {
  const number = numberIn(value);
  if (number !== null) add(name, { value: number, unit: unitOfName(name) });
  else if (typeof value === "object" && value !== null && !Array.isArray(value) && depth < DEEPEST)
    for (const [key, each] of Object.entries(value))
      addValue(add, each, depth === 0 ? key : `${name}.${key}`, depth + 1);
}

/** An output of a script is text. */
function numberIn(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.length > 30 || !/^\s*-?\d+(\.\d+)?\s*$/.test(value))
    return null;
  return Number(value);
}

function unitOfName(name: string): string | undefined {
  if (/bytes$/i.test(name)) return "bytes";
  return /(^|[a-z_.])seconds$/i.test(name) ? "seconds" : undefined;
}

function unitOfBar(unit: string | null): string | undefined {
  if (unit === null) return undefined;
  return /^(b|bytes?)$/i.test(unit) ? "bytes" : unit;
}
