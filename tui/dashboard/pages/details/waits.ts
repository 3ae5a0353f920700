/** Why a queued operation waits, as the daemon tells it. */
import type { Why } from "../../../../protocol/why.js";
import { ask } from "../../core/ask.js";
import { operationOf } from "../../core/chain.js";
import { isReachable } from "../../core/hosts.js";

const EVERY = 5000;

export const waits = ask<{ id: string }, Why>({
  want(state) {
    const id = state.page?.kind === "record" ? state.page.id : null;
    if (id === null || !isReachable(state, id)) return null;
    return operationOf(state, id)?.state === "queued" ? { id } : null;
  },
  every: () => EVERY,
  bring: async ({ id }, { client, tell, left }) => tell(await client.why(id, {}, left)),
});
