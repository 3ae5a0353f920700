/**
 * The rows of the table of recognisers: a program that patterns describe, or one that needs code of
 * its own.
 */
import type { Reading, Recogniser, RecogniserEntry } from "../../programs/progress/reading.js";
import { bytesOf, bytesReading, type Program, type ProgramRecogniser } from "./program.js";

/** A text that a program prints, and the reading of its named groups. */
export interface Pattern {
  /** A part of every such text, which is looked for before the pattern. */
  readonly has: string;
  /**
   * The groups are `label`, `status`, `percent`, `done` and `total`. Spaces at the end are cut
   * before.
   */
  readonly text: RegExp;
  /** Default: the group. */
  readonly label?: string;
  /** `done` and `total` are sizes such as `4.77 MiB`. */
  readonly isSize?: true;
  /** Default: `B` for sizes, none otherwise. */
  readonly unit?: string | null;
  /** Logs of other programs have such lines too, so that only frames count. */
  readonly isFrame?: true;
  /**
   * The texts that stay in the log: lines that are no frame, or what the pattern fits. Default:
   * none.
   */
  readonly log?: "lines" | RegExp;
}

/**
 * A row of the table in docs/pipelines.md: name, what the bar shows, what to add, and `tty` for a
 * terminal.
 */
type Words = readonly [name: string, shows: string, add?: string, needs?: Program["needs"]];

type CreateRecogniser = RecogniserEntry["create"];

type Begins = RecogniserEntry["begins"];

/** An output made for programs. */
export function json(
  begins: Begins,
  create: CreateRecogniser,
  ...programs: Words[]
): ProgramRecogniser {
  return { source: "json", begins, create, programs: programs.map(programOf) };
}

/** An output made for people. */
export function text(
  begins: Begins,
  create: CreateRecogniser,
  ...programs: Words[]
): ProgramRecogniser {
  return { source: "text", begins, create, programs: programs.map(programOf) };
}

/** A program without state: each text says all that is to be known. */
export function patterns(name: string, ...all: Pattern[]): CreateRecogniser {
  const recogniser: Recogniser = {
    name,
    read(whole, isFrame) {
      for (const pattern of all) {
        if (!whole.includes(pattern.has) || (pattern.isFrame && !isFrame)) continue;
        const line = whole.trimEnd();
        const match = pattern.text.exec(line);
        if (match) return readingOf(pattern, match.groups ?? {}, line, isFrame);
      }
      return null;
    },
  };
  return () => recogniser;
}

function programOf([name, shows, add = "", needs = "pipe"]: Words): Program {
  return { name, shows, add, needs };
}

type Groups = Partial<Record<string, string>>;

function readingOf(pattern: Pattern, groups: Groups, line: string, isFrame: boolean): Reading {
  const { label: ownLabel, isSize, unit = isSize ? "B" : null, log } = pattern;
  const { label = ownLabel, status, percent, done, total } = groups;
  const isOnlyProgress = log === undefined || (log === "lines" ? isFrame : !log.test(line));
  const reading: Reading = {
    ...(label && { label: label.trim() }),
    ...(status && { status }),
    ...(percent !== undefined && { percent: Number(percent) }),
    isOnlyProgress,
  };
  if (done === undefined) return reading;
  const amount = (text: string) => (isSize ? (bytesOf(text) ?? 0) : Number(text));
  if (percent !== undefined) return { ...reading, done: amount(done), unit };
  if (!isSize)
    return {
      ...reading,
      done: amount(done),
      total: total === undefined ? null : amount(total),
      unit,
    };
  const size = bytesReading(label ?? "", amount(done), total === undefined ? null : amount(total));
  return { ...size, ...reading, unit };
}
