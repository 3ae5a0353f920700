/** Which operations `ls` lists: the options, and their check. */
import type { Client } from "../../protocol/client/client.js";
import { UsageError } from "../../protocol/command/failures.js";
import { Refusal } from "../../protocol/errors.js";
import { nearest } from "../../protocol/nearest.js";
import { STATES, type State } from "../../protocol/state.js";

/** Without a limit, `ls` shows all live operations and the newest 20; with a limit, only the newest N. */
export const DEFAULT_LIMIT = 20;

export interface LsFilter {
  state?: State[] | undefined;
  op?: string | undefined;
  /** In a fleet: the host that runs the operations, or ran them last. */
  host?: string | undefined;
  limit?: number | undefined;
}

/** @throws UsageError for an unknown state or a limit that is not a number */
export function givenFilter(options: { state?: string; op?: string; limit?: string }): LsFilter {
  return { state: statesOf(options.state), op: options.op, limit: limitOf(options.limit) };
}

/**
 * The host that the daemon filters by; undefined: all operations are of this host, since the daemon is in no fleet.
 *
 * @throws Refusal LIVEOPS_NO_SUCH_HOST where no host has the name
 */
export async function hostFilter(client: Client, name: string | undefined): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const { fleet, hosts } = await client.hosts();
  const names = hosts.map((host) => host.name);
  if (names.includes(name)) return fleet === null ? undefined : name;
  throw new Refusal(
    "LIVEOPS_NO_SUCH_HOST",
    `there is no host ${JSON.stringify(name)}; hosts: ${names.join(", ")}; the daemon of another machine: --host ssh://${name}`,
  );
}

/** @throws UsageError for an unknown state */
export function statesOf(text: string | undefined): State[] | undefined {
  if (text === undefined) return undefined;
  return text.split(",").map((word) => {
    const state = STATES.find((known) => known === word.trim());
    if (state) return state;
    const [near] = nearest(word, STATES);
    throw new UsageError(
      `--state: ${JSON.stringify(word)} is not a state${near ? `; did you mean ${near}?` : ""}`,
      `states: ${STATES.join(", ")}`,
    );
  });
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(`--limit: ${JSON.stringify(text)} is not a number of operations; give 1 or more`);
}
