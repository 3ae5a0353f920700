/** Runs the actions of the config file and of pipeline files. */
import { maskerOf } from "../../../ops/secrets/masker.js";
import type { MakeFeature } from "../../compose.js";
import { firstOf } from "../../feature.js";
import { Actions } from "./actions.js";

export const actions: MakeFeature = ({
  bus,
  settings,
  store,
  log,
  layout,
  engine,
  queues,
  features,
}) => {
  const runner = new Actions({
    bus,
    settings,
    store,
    log,
    file: layout.actions,
    isOurs: (entry) => engine.isOurs(entry),
    runsHere: (entry) => engine.runsHere(entry),
    reasonOf: (record) => firstOf(features, (feature) => feature.reasonOf?.(record)) ?? [],
    maskerOf: (entry) => maskerOf(entry.env, store.secrets.get(entry.record.id)),
    emptyQueue: (name) => {
      const counts = store.ledger.liveIn(name);
      return counts.queued + counts.running + counts.toAnswer > 0
        ? null
        : queues.describe(name, counts);
    },
  });
  return {
    start: () => runner.start(),
    stop: () => runner.stop(),
    shown: (id) => {
      const actionFailures = runner.failuresOf(id);
      return actionFailures ? { actionFailures } : null;
    },
    problems: () => runner.problems(),
  };
};
