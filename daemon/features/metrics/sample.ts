/** Reads the values of the gauges from the daemon, at each scrape. */

import { HOST_STATES, type HostReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import { ownMemory } from "../../../protocol/system/own-process.js";
import { atMost } from "../../../protocol/system/until.js";
import { VERSION } from "../../../protocol/version.js";
import type { Parts } from "../../compose.js";
import type { PutSample } from "../../feature.js";
import { dueSince, type Metrics } from "./metrics.js";
import type { Put } from "./registry.js";

/**
 * Milliseconds to wait for the engine of a fleet. After them, the hosts are shown as at the last
 * scrape.
 */
const HOSTS_MS = 3000;

/** All metrics of the daemon, in the text format of Prometheus. */
export async function readMetrics(context: Parts, metrics: Metrics): Promise<string> {
  const hosts = await hostsOf(context, metrics);
  return metrics.text((put) => {
    putOperations(context, metrics, put);
    putQueues(context, metrics, put);
    putAttempts(context, metrics, put);
    putDaemon(context, put);
    for (const host of hosts) putHost(host, put);
    // A name that is not in the table is a mistake of the feature.
    for (const feature of context.features) feature.sample?.(put as PutSample);
  });
}

/** Empty where the engine does not answer and nothing is known. */
async function hostsOf({ hosts }: Parts, metrics: Metrics): Promise<readonly HostReply[]> {
  const described = hosts.describe().then(
    (reply) => {
      metrics.hosts = reply.hosts;
    },
    () => {},
  );
  await atMost(HOSTS_MS, described);
  return metrics.hosts;
}

function putOperations({ store }: Parts, metrics: Metrics, put: Put): void {
  for (const [state, count] of Object.entries(store.counts()))
    put("liveops_stored_operations", { state }, count);
  const counts = new Map<string, { state: string; op: string; queue: string; count: number }>();
  for (const { record } of store.ledger.entries.values()) {
    const { state, op, queue } = record;
    if (isFinal(state)) continue;
    const key = JSON.stringify([state, op, queue]);
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { state, op, queue, count: 1 });
  }
  for (const { state, count, ...record } of counts.values()) {
    const labels = { state, type: metrics.typeOf(record), queue: metrics.queueOf(record) };
    put("liveops_operations", labels, count);
  }
}

function putQueues({ store, queues, waiting, now }: Parts, metrics: Metrics, put: Put): void {
  const oldest = new Map(queues.names().map((queue) => [queue, 0]));
  const at = now();
  for (const entry of store.ledger.entries.values()) {
    const { record } = entry;
    const isCounted = record.state === "queued" && !store.ledger.questions.has(entry);
    if (!isCounted || waiting.isPlanned(record.id)) continue;
    const queue = metrics.queueOf(record);
    oldest.set(queue, Math.max(oldest.get(queue) ?? 0, (at - dueSince(entry, record)) / 1000));
  }
  put("liveops_operations_waiting_for_approval", {}, store.ledger.questions.size);
  for (const [queue, seconds] of oldest)
    put("liveops_queue_oldest_age_seconds", { queue }, seconds);
  for (const queue of queues.names()) {
    put("liveops_queue_slots", { queue }, queues.concurrency(queue));
    put("liveops_queue_slots_used", { queue }, 0);
    put("liveops_queue_paused", { queue }, Number(queues.pausedSince(queue) !== null));
  }
}

function putAttempts({ scheduler }: Parts, metrics: Metrics, put: Put): void {
  let withoutSpace = 0;
  for (const { entry, holdsSlot, noRoomSince, sampler } of scheduler.attempts.values()) {
    if (holdsSlot) put("liveops_queue_slots_used", { queue: metrics.queueOf(entry.record) }, 1);
    if (noRoomSince !== null) withoutSpace++;
    if (sampler.usage === null) continue;
    const { cpu, rssBytes, processes } = sampler.usage;
    const type = metrics.typeOf(entry.record);
    put("liveops_operations_resident_memory_bytes", { type }, rssBytes);
    put("liveops_operations_cpu_cores", { type }, cpu);
    put("liveops_operations_processes", { type }, processes);
  }
  put("liveops_operations_without_space", {}, withoutSpace);
}

function putDaemon(context: Parts, put: Put): void {
  const { store, scheduler, hub, hosts, containment, startedAt } = context;
  const { busy, idle } = scheduler.pool.counts();
  const { rss, heapUsed } = ownMemory();
  put("liveops_workers", { state: "busy" }, busy);
  put("liveops_workers", { state: "idle" }, idle);
  put("liveops_watchers", {}, hub.watchers);
  const { kind } = containment.report();
  const described = {
    version: VERSION,
    node: process.versions.node,
    host: hosts.name,
    containment: kind,
  };
  put("liveops_daemon_info", described, 1);
  put("liveops_daemon_start_time_seconds", {}, Date.parse(startedAt) / 1000);
  if (rss !== null) put("liveops_daemon_resident_memory_bytes", {}, rss);
  put("liveops_daemon_heap_used_bytes", {}, heapUsed);
  put("liveops_disk_free_bytes", {}, store.freeBytes());
  put("liveops_store_full", {}, Number(store.isFull));
  const engine = hosts.engine();
  if (engine === null) return;
  const away =
    engine.awaySince === null ? 0 : Math.max(0, Date.now() - Date.parse(engine.awaySince)) / 1000;
  put("liveops_engine_away_seconds", { host: hosts.name }, away);
}

function putHost({ name: host, ...known }: HostReply, put: Put): void {
  for (const state of HOST_STATES)
    put("liveops_host_state", { host, state }, Number(known.state === state));
  put("liveops_host_draining", { host }, Number(known.draining));
  put("liveops_host_slots", { host }, known.slots);
  put("liveops_host_running_operations", { host }, known.running);
  if (known.load !== null) put("liveops_host_load", { host }, known.load);
  if (known.memory) put("liveops_host_free_memory_bytes", { host }, known.memory.free);
  if (known.skewMs !== null) put("liveops_host_clock_skew_seconds", { host }, known.skewMs / 1000);
}
