/** The host of a list or watch query. */
import type { Hosts } from "./hosts.js";

/**
 * The host that records must have to pass; undefined: all pass.
 *
 * Without a fleet, records have no host: this one has all operations.
 */
export function hostFilter(hosts: Hosts, asked: string | undefined): string | undefined {
  return asked === hosts.name && hosts.fleet() === null ? undefined : asked;
}
