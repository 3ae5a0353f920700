/** The fleet of the settings, and this host's place in it. */
import { hostname } from "node:os";
import { LOST_AFTER } from "../../../protocol/system/config-settings.js";
import type { Settings } from "../../settings.js";

export interface FleetSettings {
  /** URL of the PostgreSQL database. */
  url: string;
  /** Name of this host. */
  host: string;
  tags: readonly string[];
  /** Seconds without a renewal after which a host counts as lost. */
  lostAfter: number;
}

/** The flag wins over the config file. */
export function fleetOf({ flags: { fleet }, config }: Settings): FleetSettings | null {
  const url = fleet.url ?? config.fleet?.url;
  if (url === undefined) return null;
  const host = fleet.host ?? config.fleet?.host ?? hostname();
  const { lostAfter = LOST_AFTER } = config.fleet ?? {};
  return { url, host, tags: fleet.tags ?? config.fleet?.tags ?? [], lostAfter };
}
