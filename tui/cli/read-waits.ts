/**
 * What waits for the person, by the rule of the dashboard and with what its user looked at there.
 */
import type { Client } from "../../protocol/client/client.js";
import type { ScheduleReply } from "../../protocol/replies.js";
import { lookedFile, newEnds, readLooked } from "../describe/looked.js";
import { type Waiting, waitOf, waitOfSchedule, waitsOf } from "../describe/waits.js";
import { liveSnapshot } from "./list-pages.js";

type Schedules = Promise<{ schedules: readonly ScheduleReply[] } | null> | null;

/** @param schedules - those of the daemon, if they are asked for already; null: they are not */
export async function readWaits(
  client: Client,
  stateDir: string,
  schedules: Schedules = null,
  live = liveSnapshot(client, {}),
): Promise<Waiting[]> {
  const looked = readLooked(lookedFile(stateDir, client.socket));
  const now = client.now();
  const [{ operations }, ends, told] = await Promise.all([
    live,
    newEnds(client, looked, now),
    schedules ?? client.schedules().catch(() => null),
  ]);
  const all = [...operations, ...ends];
  const waits = all.flatMap((operation) => waitOf(operation) ?? []);
  const missed = (told?.schedules ?? []).flatMap((schedule) => waitOfSchedule(schedule) ?? []);
  return waitsOf([...waits, ...missed], looked, now, all);
}
