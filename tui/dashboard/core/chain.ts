/** The known operations, the chain of one, and what it is called. */
import type { Operation } from "../../../protocol/operation.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import type { State } from "./model.js";

type Known = Pick<State, "view" | "fetched">;

export function operationOf(state: Known, id: string | null): Operation | null {
  if (id === null) return null;
  return state.view.operations.get(id) ?? state.fetched.get(id) ?? null;
}

export function selectedOperation(state: State): Operation | null {
  return operationOf(state, state.selected);
}

/** The known links of an operation's chain, first to last. */
export function chainOf(state: Known, operation: Operation): Operation[] {
  const links = [operation];
  for (let link = operationOf(state, operation.chain.previous); link && links.length < 1000; ) {
    links.unshift(link);
    link = operationOf(state, link.chain.previous);
  }
  for (let link = operationOf(state, operation.chain.next); link && links.length < 1000; ) {
    links.push(link);
    link = operationOf(state, link.chain.next);
  }
  return links;
}

/** Whether a link that the chain names is not known yet. */
export function chainIncomplete(state: State, operation: Operation): boolean {
  const links = chainOf(state, operation);
  return links[0]!.chain.previous !== null || links.at(-1)!.chain.next !== null;
}

/** Whether its processes are stopped by a pause. */
export function isPaused({ state, pause }: Pick<Operation, "state" | "pause">): boolean {
  return state === "running" && pause?.since != null;
}

export function isCancelling({ state, cancelRequested }: Operation): boolean {
  return cancelRequested && state === "running";
}

/** The command of a shell operation, as it is typed; null: it is another operation, or a script. */
export function shellCommand({ op, params }: Operation): string | null {
  const { args, script } = params as { args?: unknown; script?: unknown };
  if (op !== "shell" || !Array.isArray(args) || script !== undefined) return null;
  return shellLine(args.map(String));
}

/**
 * The name that stays while the chain goes on: label, else the shell command, else the title of the
 * first link.
 */
export function nameOfChain(links: readonly Operation[]): string {
  const [first] = links;
  if (first === undefined) return "";
  const labelled = links.find(({ label }) => label !== null);
  return labelled?.label ?? shellCommand(first) ?? first.title;
}

export function nameOf(state: Known, operation: Operation): string {
  return nameOfChain(chainOf(state, operation));
}
