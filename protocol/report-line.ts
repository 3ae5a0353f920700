/**
 * The lines of `LIVEOPS_REPORT`, which `liveops report` writes too: what a script says about its
 * progress.
 *
 * The grammar is one statement a line: a word, a space, the rest.
 */
import { alternatives } from "./text/alternatives.js";
import { nearest } from "./text/nearest.js";

export const REPORT_LEVELS = ["info", "success", "notice", "warning", "error"] as const;
export type ReportLevel = (typeof REPORT_LEVELS)[number];

/** One statement of a script. */
export type ReportStatement =
  /** `total` null: not known. `unit` absent: as before. */
  | { type: "progress"; done: number; total: number | null; unit?: string }
  | { type: "percent"; percent: number }
  | { type: "status"; text: string }
  | { type: "stage"; name: string }
  | { type: "log"; level: ReportLevel; text: string }
  | { type: "output"; name: string; value: string };

/** The words of a line, each with its form, in the order of the help. */
export const REPORT_FORMS = {
  progress: "progress 12/90 [unit]",
  percent: "percent 40",
  status: "status TEXT",
  stage: "stage NAME",
  log: "log LEVEL TEXT",
  output: "output name=value",
} as const satisfies Record<ReportStatement["type"], string>;

const NUMBER = String.raw`\d{1,15}(?:\.\d{1,9})?`;
const COUNT = new RegExp(`^(${NUMBER})(?:\\s*/\\s*(${NUMBER}|\\?))?(?:\\s+(\\S.*))?$`);
const PERCENT = new RegExp(`^(${NUMBER})\\s*%?$`);

/** @returns a text, why the line is no statement */
export function parseReportLine(line: string): ReportStatement | string {
  const [, word = "", rest = ""] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line) ?? [];
  if (!Object.hasOwn(REPORT_FORMS, word)) return unknownWord(word);
  const type = word as ReportStatement["type"];
  return (
    READ[type](rest) ?? `${JSON.stringify(line.trim().slice(0, 200))} is not: ${REPORT_FORMS[type]}`
  );
}

/** Null: not of that form. */
const READ: Record<ReportStatement["type"], (rest: string) => ReportStatement | string | null> = {
  progress(rest) {
    const match = COUNT.exec(rest);
    if (match === null) return null;
    const [, done, total = "?", unit] = match;
    return {
      type: "progress",
      done: Number(done),
      total: total === "?" ? null : Number(total),
      unit,
    };
  },
  percent(rest) {
    const match = PERCENT.exec(rest);
    return match === null ? null : { type: "percent", percent: Math.min(100, Number(match[1])) };
  },
  status: (text) => ({ type: "status", text }),
  stage: (name) => (name === "" ? null : { type: "stage", name }),
  log(rest) {
    const [, level = "", text = ""] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
    if ((REPORT_LEVELS as readonly string[]).includes(level))
      return { type: "log", level: level as ReportLevel, text };
    return `${JSON.stringify(level)} is no level: give ${alternatives(REPORT_LEVELS)}, as in log warning TEXT`;
  },
  output(rest) {
    const [, name, value] = /^([A-Za-z_]\w{0,99})=(.*)$/s.exec(rest) ?? [];
    return name === undefined || value === undefined ? null : { type: "output", name, value };
  },
};

function unknownWord(word: string): string {
  const [near] = nearest(word, Object.keys(REPORT_FORMS), 1);
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  return `${JSON.stringify(word.slice(0, 40))} is no report: give ${alternatives(Object.keys(REPORT_FORMS))}.${hint}`;
}
