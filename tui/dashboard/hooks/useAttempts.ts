/** Reads the attempts of the operation whose page is open from its stored events. */
import { useEffect } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { type Attempt, addEvent, wantedAttempts } from "../state/pages/record.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

export function useAttempts(store: Store, client: Client): void {
  const wanted = useStored(store, wantedAttempts);
  useEffect(() => {
    if (wanted === null) return;
    const left = new AbortController();
    const id = wanted.split(" ")[0]!;
    void (async () => {
      let attempts: readonly Attempt[] = [];
      for await (const event of client.events(id, {}, left.signal)) attempts = addEvent(attempts, event);
      store.dispatch({ type: "attempts-read", id, attempts });
    })().catch(() => {
      // Left, or the daemon went away, which the watch stream tells.
    });
    return () => left.abort();
  }, [store, client, wanted]);
}
