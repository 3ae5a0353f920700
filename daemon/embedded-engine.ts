/** The engine of one machine: files in the state directory, and no other host. */

import type { Engine, EngineParts } from "./engine.js";
import { EmbeddedHosts } from "./hosts/embedded-hosts.js";
import { recoverEvents } from "./recovery/orphans.js";
import { localRuns } from "./run-files/runs.js";
import { SealedEvents } from "./run-files/sealed-events.js";
import { WorkerEvents } from "./run-files/worker-events.js";
import { NO_OUTBOX } from "./scheduler/outbox.js";
import { queuesFile } from "./scheduler/queues.js";
import { PlaceError } from "./store/directories.js";
import { EmbeddedStore } from "./store/embedded-store.js";
import { isElsewhere } from "./store/layout.js";
import { FileSetting } from "./store/setting.js";

export function embeddedEngine(services: EngineParts): Engine {
  const { layout } = services;
  const workerEvents = new WorkerEvents(layout.workers);
  const report = (problem: string) => services.bus.emit("problem", problem);
  const store = new EmbeddedStore({
    layout,
    attemptEvents: new SealedEvents(layout, workerEvents, report),
    bus: services.bus,
    shown: (entry) => services.view.present(entry),
  });
  const hosts = new EmbeddedHosts(services);
  return {
    store,
    hosts,
    typesOf: (loader) => loader,
    runs: localRuns(
      layout,
      workerEvents,
      (id, attempt) => store.sealedEvents(id, attempt),
      report,
      (id) => services.scheduler.attempts.get(id)?.read(),
    ),
    workerEvents,
    outbox: NO_OUTBOX,
    whyLeaseEnded: () => null,
    queues: queuesFile(layout.queues, report),
    setting: (_name, file) => new FileSetting(file),
    now: () => Date.now(),
    slots: () => services.queues.slots,
    runsHere: () => true,
    isOurs: () => true,
    start: async () => {
      if (isElsewhere(layout))
        throw new PlaceError(
          `the operations of ${layout.root} are in another engine: start the daemon with the options and the config that it had, or choose another --state-dir; to leave them there for good, remove ${layout.engine}`,
        );
      await store.start();
      await recoverEvents(store, layout, workerEvents);
    },
    begin: () => store.begin(),
    stop: () => store.stop(),
  };
}
