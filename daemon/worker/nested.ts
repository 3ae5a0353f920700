/**
 * The door of the feature by which the code of an operation runs others inside of it. It is loaded
 * at the first call.
 */
import { type ChildRunner, noChildren } from "../../ops/attempt/children.js";
import type { Order } from "../../ops/attempt/sink.js";
import type { WorkerSetup } from "./messages.js";

type RunInDaemon = (
  order: Order,
  setup: WorkerSetup,
  ...call: Parameters<ChildRunner["run"]>
) => ReturnType<ChildRunner["run"]>;

const LOAD: ReadonlyArray<() => Promise<RunInDaemon>> = [
  async () => (await import("../features/nested/daemon-children.js")).runInDaemon,
];

export function childrenOf(order: Order, setup: WorkerSetup): ChildRunner {
  return {
    run: async (...call) => {
      const runInDaemon = await LOAD[0]?.();
      if (runInDaemon === undefined) throw noChildren();
      return runInDaemon(order, setup, ...call);
    },
  };
}
