/**
 * Decides which parts of a submit are valid on another host. A directory and variables such as `PATH` name places of the
 * submitter's machine: they count only where the operation must run there. Values of secret parameters never leave that
 * machine.
 */

import { isOfAMachine } from "../../protocol/environment.js";
import { Refusal } from "../../protocol/errors.js";
import type { Placeable } from "../hosts/hosts.js";

/**
 * @param host this host; null: a client, which runs nothing
 * @throws Refusal where the operation has secrets and may not run here
 */
export function asItTravels<B extends Placeable>(body: B, host: string | null): B {
  const hasSecrets = Object.keys(body.secrets ?? {}).length > 0;
  const on = body.on ?? (hasSecrets ? host : undefined);
  if (hasSecrets && (host === null || on !== host))
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `the values of secret parameters stay on the host that takes the submit; submit the operation on ${body.on ?? "the host that is to run it"}`,
    );
  if (on === host && host !== null) return { ...body, on: host };
  const { cwd: _, env, ...rest } = body;
  const kept = Object.entries(env ?? {}).filter(([name]) => !isOfAMachine(name));
  return { ...rest, ...(env && { env: Object.fromEntries(kept) }) } as B;
}
