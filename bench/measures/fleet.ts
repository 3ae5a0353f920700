/**
 * A fleet on one PostgreSQL: jobs per second, delay of an event between hosts, cost of idle hosts, twenty hosts, and a
 * large log that another host reads. Compared with one embedded daemon, which does the same in the same rounds.
 *
 * All hosts, the server and the references share the cores of this machine, so a fleet has no more processor time here
 * than one daemon has. On machines of their own, hosts have their own.
 */
import { HOW_TO_INSTALL } from "../harness/peer.js";
import { postgresVersion } from "../harness/postgres.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { idleHosts } from "./fleet/idle-hosts.js";
import { jobs } from "./fleet/jobs.js";
import { lag } from "./fleet/lag.js";
import { largeLog } from "./fleet/large-log.js";
import { manyHosts } from "./fleet/many-hosts.js";

const PARTS = { jobs, lag, idleHosts, manyHosts, largeLog };

export default async function fleet(options: MeasureOptions): Promise<Row[]> {
  if (postgresVersion() === null)
    return [{ name: "a fleet", absent: `PostgreSQL is not there; ${HOW_TO_INSTALL}` }];
  const rows: Row[] = [];
  for (const [name, part] of Object.entries(PARTS)) {
    try {
      rows.push(...(await part(options)));
    } catch (error) {
      console.error(error);
      rows.push({ name: `a fleet: ${name}`, absent: `it failed: ${(error as Error).message}` });
    }
  }
  return rows;
}
