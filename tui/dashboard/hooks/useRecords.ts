/** Fetches records that the watch stream does not bring: the command line's operation and the links of a chain. */
import { useEffect, useRef } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { exitCodeOfStatus, Refusal } from "../../../protocol/errors.js";
import { wantedChain, wantedOperation } from "../state/wants.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

export function useRecords(store: Store, client: Client): void {
  const wanted = useStored(store, wantedOperation);
  useEffect(() => {
    if (wanted === null) return;
    client.show(wanted).then(
      (operation) => store.dispatch({ type: "found", operation }),
      (error) => {
        // Anything but a refusal is the daemon going away: asked again when it is back.
        if (error instanceof Refusal)
          store.dispatch({ type: "not-found", code: exitCodeOfStatus(error.status), message: error.message });
      },
    );
  }, [store, client, wanted]);

  const chain = useStored(store, wantedChain);
  const asked = useRef(new Set<string>());
  useEffect(() => {
    // Once for each: a link that was removed stays unknown.
    if (chain === null || asked.current.has(chain)) return;
    asked.current.add(chain);
    client.list({ chain: chain.split(" ")[0]!, limit: 200 }).then(
      ({ operations }) => store.dispatch({ type: "fetched", operations }),
      () => asked.current.delete(chain),
    );
  }, [store, client, chain]);
}
