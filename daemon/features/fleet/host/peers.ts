/**
 * What this host sees of the others: a host is lost when its renewals stood still for `lostAfter`
 * while this host's own went through all the time.
 *
 * No clock of another host is read, and an outage of the engine begins the count anew: it hits all
 * hosts.
 */
import type { HostRow } from "../engine/rows.js";

interface Seen {
  session: number;
  renewals: number;
  /** Seconds since boot at which these renewals were first seen. */
  since: number;
}

export class Peers {
  readonly #seen = new Map<string, Seen>();

  /** @param own the name of this host */
  constructor(private readonly own: string) {}

  /** A renewal of this host failed, or took long. */
  forget(): void {
    this.#seen.clear();
  }

  /**
   * @param asked seconds since boot when the engine was asked for the rows; now: when it had
   *   answered
   * @returns the hosts that are lost
   */
  look(rows: readonly HostRow[], asked: number, now: number): HostRow[] {
    const lost: HostRow[] = [];
    const names = new Set(rows.map(({ name }) => name));
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
    for (const row of rows) {
      const { name, state, session, renewals, lostAfter } = row;
      if (name === this.own || state !== "up") {
        this.#seen.delete(name);
        continue;
      }
      const seen = this.#seen.get(name);
      if (seen?.session !== session || seen.renewals !== renewals)
        this.#seen.set(name, { session, renewals, since: now });
      else if (asked - seen.since >= lostAfter) lost.push(row);
    }
    return lost;
  }
}
