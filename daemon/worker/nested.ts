/** The door of the feature by which the code of an operation runs others inside of it. It is loaded at the first call. */
import type { ChildRunner } from "../../ops/attempt/children.js";
import type { Order } from "../../ops/attempt/sink.js";
import type { WorkerSetup } from "./messages.js";

export function childrenOf(order: Order, setup: WorkerSetup): ChildRunner {
  return {
    run: async (...call) => {
      const { runInDaemon } = await import("../features/nested/daemon-children.js");
      return runInDaemon(order, setup, ...call);
    },
  };
}
