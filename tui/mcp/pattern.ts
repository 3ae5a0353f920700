/** Matches log lines against a regular expression that may be slow: some patterns take years on one line. */
import { createContext, Script } from "node:vm";
import { withoutSequences } from "../../protocol/text/sgr.js";
import { badRequest } from "./errors.js";

/** Longest time for one page of lines, in ms. */
const TIMEOUT_MS = 2000;

const SCRIPT = new Script("texts.map((text) => text.search(pattern) !== -1)");

/**
 * Says for each text whether it matches. The pattern does not see the colours of a text.
 *
 * @throws Refusal LIVEOPS_BAD_REQUEST if the pattern is not valid; the function, if the pattern takes too long
 */
export function linePattern(source: string, ignoreCase: boolean): (texts: string[]) => boolean[] {
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, ignoreCase ? "i" : "");
  } catch (error) {
    // The message begins with `Invalid regular expression: /source/: `.
    const why = (error as Error).message.split(": ").at(-1);
    throw badRequest(
      `pattern ${JSON.stringify(source)} is not a valid regular expression: ${why}; put a backslash before characters such as ( [ + ? * to search for them`,
    );
  }
  return (texts) => {
    const context = createContext({ pattern, texts: texts.map(withoutSequences) });
    try {
      return SCRIPT.runInContext(context, { timeout: TIMEOUT_MS }) as boolean[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
      throw badRequest(
        `pattern ${JSON.stringify(source)} takes more than ${TIMEOUT_MS / 1000} s; give a simpler pattern, or use match of read_log`,
      );
    }
  };
}
