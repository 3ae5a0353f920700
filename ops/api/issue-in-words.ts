/**
 * What zod says of a wrong parameter, in the words that the word reader uses. Given to zod as its error map, so that
 * a message of the author's own schema goes before it.
 */
import type { z } from "zod";
import { summarizeValue } from "../../protocol/summarize-value.js";

/** Marks a message as ours: it goes on from the parameter's name. */
const OURS = "\0";

/** Names that a message lists, and characters of each. */
const MOST_NAMES = 10;
const MOST_CHARACTERS = 60;

const KINDS: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};

/** Undefined where zod's own words will do. */
export function issueInWords(issue: z.core.$ZodRawIssue): string | undefined {
  const text = words(issue);
  return text === undefined ? undefined : OURS + text;
}

/** The message behind the name of its parameter; empty for the parameters as a whole. */
export function named(name: string, message: string): string {
  const ours = message.startsWith(OURS);
  const text = ours ? message.slice(OURS.length) : message.charAt(0).toLowerCase() + message.slice(1);
  return name === "" ? text : `${name}${ours ? "" : ":"} ${text}`;
}

function words(issue: z.core.$ZodRawIssue): string | undefined {
  const { input } = issue;
  switch (issue.code) {
    case "invalid_type": {
      if (input === undefined) return "is required";
      const kind = KINDS[issue.expected as string];
      return kind === undefined ? undefined : `takes ${kind}, not ${summarizeValue(input)}`;
    }
    case "too_small":
      return bound(issue.origin, issue.minimum, issue.inclusive ? "at least" : "more than", input);
    case "too_big":
      return bound(issue.origin, issue.maximum, issue.inclusive ? "at most" : "less than", input);
    case "not_multiple_of":
      return `takes a multiple of ${issue.divisor}, not ${summarizeValue(input)}`;
    case "invalid_value":
      return `takes ${issue.values.length > 1 ? "one of " : ""}${issue.values.map((each) => (typeof each === "string" ? each : JSON.stringify(each))).join(", ")}, not ${summarizeValue(input)}`;
    case "unrecognized_keys":
      return `has no ${namesShown(issue.keys)}`;
    default:
      return undefined;
  }
}

/** The first of the names, and how many there are beside them. */
function namesShown(names: readonly string[]): string {
  const first = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(name.slice(0, MOST_CHARACTERS)));
  const others = names.length - first.length;
  return first.join(", ") + (others > 0 ? ` and ${others} more` : "");
}

function bound(origin: string, limit: unknown, how: string, input: unknown): string | undefined {
  const count = (one: string) => `takes ${how} ${limit} ${one}${Number(limit) === 1 ? "" : "s"}`;
  if (origin === "number" || origin === "int") return `takes ${how} ${limit}, not ${summarizeValue(input)}`;
  if (origin === "string") return count("character");
  if (origin === "array" || origin === "set") return count("item");
  return undefined;
}
