/** Fetches how long earlier runs took, for the types on the screen. */
import { useEffect } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { wantedHistory } from "../state/histories.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

export function useHistory(store: Store, client: Client): void {
  const wanted = useStored(store, wantedHistory);
  useEffect(() => {
    if (wanted === null) return;
    const [op = "", succeeded = ""] = wanted.split("\n");
    const told = (reply: Awaited<ReturnType<Client["history"]>>) =>
      store.dispatch({ type: "history-fetched", op, reply, succeeded: Number(succeeded) });
    client.history(op).then(told, () => {
      // A type whose file is gone has none; a daemon that is gone is told by the watch stream.
      told({ op, runs: 0, seconds: null, stages: {}, recent: [], next: [] });
    });
  }, [store, client, wanted]);
}
