/** Sends what was asked for by key, cancel or retry, and tells how it went. */
import { useEffect } from "react";
import type { Client } from "../../../protocol/client/client.js";
import type { Request } from "../state/model.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

export function useRequest(store: Store, client: Client): void {
  const asked = useStored(store, ({ request }) => request && `${request.kind} ${request.id}`);
  useEffect(() => {
    if (asked === null) return;
    const [kind, id] = asked.split(" ") as [Request["kind"], string];
    const request = { kind, id };
    (kind === "cancel" ? client.cancel(id) : client.retry(id)).then(
      (operation) => store.dispatch({ type: "answered", request, operation }),
      (error: Error) => store.dispatch({ type: "refused", request, message: `${kind}: ${error.message}` }),
    );
  }, [store, client, asked]);
}
