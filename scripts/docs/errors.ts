/** Generates the regions of docs/errors.md from the catalogues of `protocol/`. */
import {
  CAUSES,
  CLIENT_ERRORS,
  exitCodeOfStatus,
  FAILURES,
  REFUSAL_REASONS,
  REFUSALS,
  type RefusalCode,
} from "../../protocol/errors.js";
import { EXIT, EXIT_MEANINGS } from "../../protocol/exit-codes.js";
import { code, type Regions, table } from "./markdown.js";

export function errorRegions(): Regions {
  return {
    "exit codes": exitCodes(),
    refusals: refusals(),
    "client errors": meanings("code", CLIENT_ERRORS),
    failures: meanings("code", FAILURES),
    causes: meanings("cause", CAUSES),
  };
}

function exitCodes(): string {
  const names = Object.keys(EXIT) as Array<keyof typeof EXIT>;
  return table(
    ["exit", "meaning"],
    names.map((name) => [String(EXIT[name]), EXIT_MEANINGS[name]]),
  );
}

function refusals(): string {
  const codes = Object.keys(REFUSALS) as RefusalCode[];
  return table(
    ["code", "status", "exit", "summary", "when"],
    codes.map((name) => {
      const { status, summary } = REFUSALS[name];
      return [
        code(name),
        String(status),
        String(exitCodeOfStatus(status)),
        summary,
        REFUSAL_REASONS[name],
      ];
    }),
  );
}

function meanings(head: string, texts: Readonly<Record<string, string>>): string {
  return table(
    [head, "meaning"],
    Object.entries(texts).map(([name, meaning]) => [code(name), meaning]),
  );
}
