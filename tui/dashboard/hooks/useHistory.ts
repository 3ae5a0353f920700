/** Fetches how long earlier runs took, for the types on the screen. */
import { useEffect } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { wantedHistory } from "../state/histories.js";
import { parseHistoryName } from "../state/history-name.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

export function useHistory(store: Store, client: Client): void {
  const wanted = useStored(store, wantedHistory);
  useEffect(() => {
    if (wanted === null) return;
    const space = wanted.indexOf(" ");
    const succeeded = Number(wanted.slice(0, space));
    const name = wanted.slice(space + 1);
    const { op, key } = parseHistoryName(name);
    const told = (reply: Awaited<ReturnType<Client["history"]>>) =>
      store.dispatch({ type: "history-fetched", name, reply, succeeded });
    client.history(op, key).then(told, () => {
      // A type whose file is gone has none; a daemon that is gone is told by the watch stream.
      told({ op, runs: 0, seconds: null, stages: {}, recent: [], next: [] });
    });
  }, [store, client, wanted]);
}
