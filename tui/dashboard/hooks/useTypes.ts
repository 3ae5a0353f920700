/** Fetches the operation types when a page wants them: each time, since their files may have been edited. */
import { useEffect } from "react";
import type { Client } from "../../../protocol/client/client.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

export function useTypes(store: Store, client: Client): void {
  const wanted = useStored(
    store,
    ({ typesWanted, connection }) => typesWanted && connection.state === "live",
  );
  useEffect(() => {
    if (!wanted) return;
    client.types().then(
      (types) => store.dispatch({ type: "types-fetched", types }),
      (error: Error) => store.dispatch({ type: "types-lost", message: error.message }),
    );
  }, [store, client, wanted]);
}
