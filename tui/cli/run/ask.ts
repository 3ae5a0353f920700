/** Asks the person at the terminal of `liveops run` the question of the operation. */
import { createInterface } from "node:readline";
import { type Answer, cannotAsk, type Question } from "../../../ops/attempt/approvals.js";
import { userName } from "../../../protocol/client/client-header.js";
import { sanitize } from "../../../protocol/text/sanitize.js";

/**
 * @param write - to the terminal
 * @throws Failure where the input ends
 */
export async function askOnTerminal(
  { question, choices }: Question,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const prompt = `${sanitize(question)} [${choices.map((each) => sanitize(each)).join("/")}] `;
  // In the terminal's own mode, Ctrl-C reaches the supervisor as a signal.
  const lines = createInterface({ input: process.stdin, terminal: false, signal });
  try {
    write(prompt);
    for await (const line of lines) {
      const typed = line.trim().toLowerCase();
      const fit = typed === "" ? [] : choices.filter((each) => each.toLowerCase().startsWith(typed));
      const choice = choices.find((each) => each === line.trim()) ?? (fit.length === 1 ? fit[0]! : null);
      if (choice !== null) return { choice, by: userName() };
      write(prompt);
    }
    signal.throwIfAborted();
    throw cannotAsk("the input ended before an answer");
  } finally {
    lines.close();
    process.stdin.pause();
  }
}
