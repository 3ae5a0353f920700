/**
 * Entry point of `liveops __complete SHELL …`: prints what fits the word at the cursor. A bundle of
 * its own, which loads no command. Prints no error: without a daemon, or after 300 ms, the values
 * of the table alone.
 *
 * bash: `bash COMP_TYPE COMP_WORDBREAKS COLUMNS WORD…`; zsh and fish: `SHELL COLUMNS WORD…`.
 */
import { readFileSync, statSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { askNothing, isAddress, leaveConnections } from "../../../protocol/client/address.js";
import { addressedDaemon, commandPlaces } from "../../../protocol/client/daemon-address.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { inHome } from "../../../protocol/system/places.js";
import { TABLE_FILE, type Table } from "../../kit/command-table.js";
import { inPipelines } from "../../kit/pipelines.js";
import {
  daemonCandidates,
  needsDaemon,
  parameterCandidates,
  pipelineOf,
  staticCandidates,
  takesFiles,
} from "./candidates.js";
import { type Question, readLine } from "./line.js";
import { bashLines, type Candidate, linesFor, type Typed, unquote } from "./shells.js";

const DEADLINE_MS = 300;

const DEFAULT_WIDTH = 80;

/** Asks the shell for paths. Every other line begins with a word. */
const FILES = "\tfiles";

interface Request {
  words: string[];
  /** The word at the cursor. */
  typed: Typed;
  width: number;
  lines(candidates: readonly Candidate[]): string[];
}

function readRequest([shell, ...rest]: string[]): Request | null {
  const plain = (text: string): Typed => ({ text, quote: null, fixed: 0 });
  const widthOf = (text = "") => Number.parseInt(text, 10) || DEFAULT_WIDTH;
  if (shell === "bash") {
    const [type = "", breaks = "", columns, ...raw] = rest;
    const typed = unquote(raw.at(-1) ?? "", breaks);
    const words = raw.map((word) => unquote(word).text);
    const width = widthOf(columns);
    return { words, typed, width, lines: (all) => bashLines(all, typed, { type, width }) };
  }
  if (shell !== "zsh" && shell !== "fish") return null;
  const [columns, ...words] = rest;
  const last = words.pop() ?? "";
  const typed = shell === "fish" ? unquote(last) : plain(last);
  const width = widthOf(columns);
  return {
    words: [...words, typed.text],
    typed,
    width,
    lines: (all) => linesFor(shell, all, width),
  };
}

/** The path of a word, which the shell has not expanded. */
function pathOf(word: string): string {
  const expanded = word.replace(
    /\$(\w+|\{\w+\})/g,
    (_, key: string) => process.env[key.replace(/[{}]/g, "")] ?? "",
  );
  return inHome(expanded, process.env);
}

async function fromPipeline(file: string, question: Question): Promise<Candidate[]> {
  const path = resolve(pathOf(file));
  if (!statSync(path).isFile()) return [];
  const { params } = await inPipelines(({ typeOf }) => typeOf(file, path));
  return parameterCandidates(params, question);
}

async function fromDaemon(question: Question): Promise<Candidate[]> {
  const path = (name: string) => {
    const text = question.values.get(name);
    return text === undefined ? undefined : pathOf(text);
  };
  const [socket, stateDir] = [path("--socket"), path("--state-dir")];
  const places = { ...(socket && { socket }), ...(stateDir && { stateDir }) };
  const isHere = socket !== undefined || stateDir !== undefined;
  const host = question.values.get("--host");
  // A name, and not an address, is that of a host of a fleet.
  const addressed = addressedDaemon(
    host !== undefined && isAddress(host) ? host : undefined,
    isHere,
  );
  // A connection that takes longer than a person waits serves the next key.
  leaveConnections();
  askNothing();
  const options = addressed ?? places;
  // A message would land on the line that the person types.
  const found = await commandPlaces(options, process.env, "ignore");
  return daemonCandidates(clientFor(found, options), question);
}

/** A word with a control character cannot be typed, and would act on the terminal. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}]|\p{Bidi_Control}/u;

async function answer(request: Request): Promise<string[]> {
  const table: Table = JSON.parse(
    readFileSync(join(dirname(fileURLToPath(import.meta.url)), TABLE_FILE), "utf8"),
  );
  const question = readLine(table, request.words);
  if (question === null) return [];
  const file = pipelineOf(question);
  const asked = file === null && needsDaemon(question) ? fromDaemon(question).catch(() => []) : [];
  const answers =
    file === null
      ? await Promise.race([asked, delay(DEADLINE_MS, [])])
      : await fromPipeline(file, question).catch(() => []);
  const fitting = [...staticCandidates(question), ...answers].filter(
    ({ word }) => word !== "" && word.startsWith(question.text) && !CONTROL.test(word),
  );
  const candidates = fitting.map((each) => ({ ...each, word: question.kept + each.word }));
  if (candidates.length === 0 && takesFiles(question)) return [FILES];
  return request.lines(candidates);
}

async function main(): Promise<void> {
  try {
    const request = readRequest(process.argv.slice(3));
    const lines = request === null ? [] : await answer(request);
    if (lines.length > 0) writeSync(1, `${lines.join("\n")}\n`);
  } catch {
    // An error text would appear in the middle of the line that is being typed.
  }
  process.exit(0);
}

void main();
