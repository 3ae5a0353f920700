/** What each step of an operation said last. */
import { getOwn } from "../../../protocol/objects.js";
import type { LogLine, Step } from "../../../protocol/operation.js";
import { operationOf } from "./chain.js";
import { patched, type State } from "./model.js";

/** As many as a record lists steps. */
const LINES_MOST = 300;

/** A line that is older may be older than the status, which has no time. */
const NEW_MS = 2000;

const keyOf = (stage: string | null, step: string) => JSON.stringify([stage, step]);

/** With the last line of each step of the operation. */
export function withStepLines(state: State, id: string, lines: readonly LogLine[]): State {
  const last = new Map<string, LogLine>();
  for (const line of lines) if (line.step !== undefined) last.set(keyOf(line.stage, line.step), line);
  if (last.size === 0) return state;
  const { steps = {} } = operationOf(state, id) ?? {};
  const told = new Map(state.log.stepLines);
  for (const [key, { stage, step, text, at }] of last) {
    const before = told.get(key);
    if (before !== undefined && before.at > at) continue;
    const isNew = Date.parse(at) > state.now - NEW_MS;
    const now = isNew ? getOwn(steps, stage ?? "")?.findLast(({ name }) => name === step) : undefined;
    told.delete(key);
    told.set(key, { text, at, status: now?.status?.text ?? null });
  }
  for (const key of told.keys()) {
    if (told.size <= LINES_MOST) break;
    told.delete(key);
  }
  return patched(state, "log", { stepLines: told });
}

/** What an active step says: its status, or the line that it logged since. Untrusted text. */
export function saidBy(state: State, stage: string, step: Step): string {
  const line = state.log.stepLines.get(keyOf(stage, step.name));
  const status = step.status?.text ?? null;
  // Another step of this name logged it, in an earlier attempt.
  const isOld = line === undefined || line.at < step.startedAt;
  return isOld || line.status !== status ? (status ?? "") : line.text;
}
