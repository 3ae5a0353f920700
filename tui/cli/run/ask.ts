/** Asks the person at the terminal of `liveops run` the question of the operation. */
import { createInterface } from "node:readline";
import { type Answer, cannotAsk, type Question } from "../../../ops/attempt/approvals.js";
import { NO } from "../../../protocol/approval.js";
import { userName } from "../../../protocol/client/client-header.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { formatShortTime } from "../../kit/output/local-time.js";

/**
 * @param write - to the terminal
 * @throws Failure where the input ends
 */
export async function askOnTerminal(
  question: Question,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const prompt = promptOf(question, new Date());
  // In the terminal's own mode, Ctrl-C reaches the supervisor as a signal.
  const lines = createInterface({ input: process.stdin, terminal: false, signal });
  // The cursor stands behind the prompt.
  signal.addEventListener("abort", () => isAsking && write("\n"), { once: true });
  let isAsking = true;
  try {
    write(prompt);
    for await (const line of lines) {
      const choice = choiceOf(line.trim(), question.choices);
      if (choice !== null) return { choice, by: userName() };
      write(prompt);
    }
    signal.throwIfAborted();
    throw cannotAsk("the input ended before an answer");
  } finally {
    isAsking = false;
    lines.close();
    process.stdin.pause();
  }
}

/** `Roll out? [yes/no] (no at 14:20) ` */
function promptOf({ question, choices, until, default: fallback }: Question, now: Date): string {
  const all = choices.map((choice) => sanitize(choice)).join("/");
  const end = fallback === null ? "fails" : sanitize(fallback);
  const time = until === null ? "" : `(${end} at ${formatShortTime(new Date(until), now)}) `;
  return `${sanitize(question)} [${all}] ${time}`;
}

/** A choice may be cut short where it is clear. `no` rejects, among whatever choices. */
function choiceOf(typed: string, choices: readonly string[]): string | null {
  if (typed === NO || choices.includes(typed)) return typed;
  const start = typed.toLowerCase();
  const fit = start === "" ? [] : choices.filter((each) => each.toLowerCase().startsWith(start));
  return fit.length === 1 ? fit[0]! : null;
}
