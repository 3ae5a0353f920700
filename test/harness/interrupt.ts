/**
 * Interrupts a synchronous call that does not return, so that a test of an endless loop fails
 * instead of hanging.
 */
import { createContext, Script } from "node:vm";

const script = new Script("call()");
const context = createContext({ call: () => {} });

/**
 * Returns the call's value.
 *
 * @param ms - time limit of the call
 * @throws Error ERR_SCRIPT_EXECUTION_TIMEOUT where the call takes longer; what the call throws
 *   otherwise
 */
export function withinTime<T>(ms: number, call: () => T): T {
  context.call = call;
  return script.runInContext(context, { timeout: ms }) as T;
}
