/** What differs between a failure and the last success, by what the store has of both. */
import { relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Usual } from "../../../protocol/estimate/usual.js";
import { getOwn, isPlainObject } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import { type KeptText, keptTextIn } from "../../../protocol/pipeline/kept-text.js";
import { durationText } from "../../../protocol/text/duration.js";
import type { Change } from "../../../protocol/why.js";
import type { Entry } from "../../store/decision.js";
import { sourceOf } from "../../store/entry-events.js";
import { lineDiff } from "./line-diff.js";

const VALUE_MOST = 120;
const NAMES_MOST = 20;

/** Variables that differ from one shell to the next. */
const NOISE =
  /^(?:_|SHLVL|PWD|OLDPWD|TERM.*|COLUMNS|LINES|WINDOWID|TTY|PPID|COLORTERM|SHELL_SESSION_ID|SESSION_MANAGER|DBUS_.*|XDG_SESSION_.*|SSH_.*|GPG_.*|DISPLAY|VTE_.*|KONSOLE_.*|TMUX.*|STY|LIVEOPS_.*|npm_.*|INVOCATION_ID|JOURNAL_STREAM)$/;

/** @param defaults of parameters, by name */
export function recordChanges(
  before: Entry,
  now: Entry,
  defaults: Record<string, unknown>,
): Change[] {
  return [
    ...textChanges(before, now),
    ...parameterChanges(before.record, now.record, defaults),
    ...valueChange("directory", "directory", before.record.cwd, now.record.cwd),
    ...valueChange("host", "host", before.record.host ?? "", now.record.host ?? ""),
    ...variableChanges(before.env, now.env),
  ];
}

/** The text that the operation runs, and the file it comes from. */
export function textOf(entry: Entry): KeptText | null {
  const { op, params } = entry.record;
  return sourceOf(entry) ?? (op === "pipeline" ? keptTextIn(params) : null);
}

function textChanges(before: Entry, now: Entry): Change[] {
  const [was, is] = [textOf(before), textOf(now)];
  if (was === null || is === null) return [];
  const { cwd } = now.record;
  const { files: others = {} } = was;
  const { files: othersNow = {} } = is;
  return [
    ...textChange(nameIn(cwd, is.path), was.text, is.text),
    ...Object.entries(othersNow).flatMap(([path, text]) =>
      textChange(nameIn(cwd, path), others[path] ?? text, text),
    ),
  ];
}

/** As the command line names it. */
export function nameIn(cwd: string, file: string | null): string {
  if (file === null) return "stdin";
  const below = relative(cwd, file);
  return below.startsWith("..") ? file : below;
}

export function textChange(name: string, before: string, now: string): Change[] {
  return before === now ? [] : [{ kind: "script", name, diff: lineDiff(before, now) }];
}

function parameterChanges(
  before: Operation,
  now: Operation,
  defaults: Record<string, unknown>,
): Change[] {
  const [was, is] = [parametersOf(before), parametersOf(now)];
  return [...new Set([...Object.keys(is), ...Object.keys(was)])].flatMap((name): Change[] => {
    const [old, value] = [getOwn(was, name), getOwn(is, name)];
    const fallback = getOwn(defaults, name);
    // What runs is the same, whether it is given or is the default.
    if (
      isDeepStrictEqual(old === undefined ? fallback : old, value === undefined ? fallback : value)
    )
      return [];
    if (isText(old) && isText(value)) return textChange(name, old, value);
    return [
      {
        kind: "parameter",
        name,
        ...((old ?? fallback) !== undefined && { before: valueInWords(old, fallback) }),
        ...((value ?? fallback) !== undefined && { now: valueInWords(value, fallback) }),
      },
    ];
  });
}

/** The text of a pipeline is compared by itself. */
export function parametersOf({ op, params }: Operation): Record<string, unknown> {
  if (op !== "pipeline" || typeof params.text !== "string") return params;
  return isPlainObject(params.params) ? params.params : {};
}

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.includes("\n");

const valueInWords = (value: unknown, fallback: unknown): string =>
  value === undefined ? `default ${inWords(fallback)}` : inWords(value);

function inWords(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length <= VALUE_MOST ? text : `${text.slice(0, VALUE_MOST)}…`;
}

export function valueChange(kind: string, name: string, before: string, now: string): Change[] {
  return before === now ? [] : [{ kind, name, ...(before && { before }), ...(now && { now }) }];
}

/** By name: a value may be a secret. */
function variableChanges(before: Entry["env"], now: Entry["env"]): Change[] {
  const names = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(
    (name) => !NOISE.test(name),
  );
  const changes = names.flatMap((name): Change[] => {
    const [old, value] = [getOwn(before, name), getOwn(now, name)];
    if (old === value) return [];
    return [
      {
        kind: "variable",
        name,
        now: old === undefined ? "set" : undefined,
        before: value === undefined ? "set" : undefined,
      },
    ];
  });
  return changes.slice(0, NAMES_MOST);
}

/** A stage is told from so many times its p90 on, and from so many seconds more. */
const SLOWER = 1.5;
const SLOWER_SECONDS = 5;

/** The stages that took far longer than in earlier runs. */
export function slowStages(
  { stages, stageTimes }: Operation,
  usual: Usual | null,
  now: number,
): Change[] {
  return stages.flatMap((name): Change[] => {
    const times = getOwn(stageTimes, name);
    const spread = getOwn(usual?.stages ?? {}, name);
    if (times === undefined || times.resumed || !spread) return [];
    const seconds = times.seconds ?? (now - Date.parse(times.startedAt)) / 1000;
    if (seconds < spread.p90 * SLOWER || seconds < spread.p90 + SLOWER_SECONDS) return [];
    return [{ kind: "stage", name, before: durationText(spread.p50), now: durationText(seconds) }];
  });
}
