/** The fleet of the settings, and this host's place in it. */
import { hostname } from "node:os";
import { UsageError } from "../../../protocol/failures.js";
import { HOST_PATTERN } from "../../../protocol/host-names.js";
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
  if (!HOST_PATTERN.test(host))
    throw new UsageError(
      `the name of this machine, ${host}, is no name of a host`,
      "give one of letters, digits and . _ - with --host",
    );
  return {
    url,
    host,
    tags: fleet.tags ?? config.fleet?.tags ?? [],
    lostAfter: config.fleet?.lostAfter ?? LOST_AFTER,
  };
}
