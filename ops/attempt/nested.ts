/**
 * The door of the feature that runs operations inside of an attempt. It is loaded at the first
 * call.
 */
import type { Operation } from "../../protocol/operation.js";
import { type ChildCall, type ChildHost, type ChildOptions, noChildren } from "./children.js";

type RunChild = (host: ChildHost, call: ChildCall, options: ChildOptions) => Promise<Operation>;

const LOAD: ReadonlyArray<() => Promise<RunChild>> = [
  async () => (await import("../features/nested/run-child.js")).runChild,
];

export const runChild: RunChild = async (...call) => {
  const run = await LOAD[0]?.();
  if (run === undefined) throw noChildren();
  return run(...call);
};
