/** Runs the hooks of operations and queues. */
import type { MakeFeature } from "../../compose.js";
import { Hooks } from "./hooks.js";

export const hooks: MakeFeature = ({ bus, settings, store, log, layout, engine, queues }) => {
  const runner = new Hooks({
    bus,
    settings,
    store,
    log,
    file: layout.hooks,
    isOurs: (entry) => engine.ownsHooks(entry),
    emptyQueue: (name) => {
      const counts = store.ledger.liveIn(name);
      return counts.queued + counts.running > 0 ? null : queues.describe(name, counts);
    },
  });
  return {
    start: () => runner.start(),
    stop: () => runner.stop(),
    shown: (id) => {
      const hookFailures = runner.failuresOf(id);
      return hookFailures ? { hookFailures } : null;
    },
    problems: () => runner.problems(),
  };
};
