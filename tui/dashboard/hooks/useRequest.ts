/** Sends what was asked for by key, and tells how it went. */
import { useEffect, useSyncExternalStore } from "react";
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import { withTrailing } from "../../cli/arguments.js";
import { capturedEnv, newKey } from "../../cli/submit.js";
import type { Request } from "../state/request.js";
import type { Store } from "../store.js";

export function useRequest(store: Store, client: Client): void {
  const request = useSyncExternalStore(store.subscribe, () => store.drawn().request);
  useEffect(() => {
    if (request === null) return;
    send(client, request).then(
      (operation) => store.dispatch({ type: "answered", request, operation }),
      (error: Error) => store.dispatch({ type: "refused", request, message: error.message }),
    );
  }, [store, client, request]);
}

export async function send(client: Client, request: Request): Promise<Operation> {
  switch (request.kind) {
    case "cancel":
      return client.cancel(request.id);
    case "retry":
      return client.retry(request.id, request.from);
    case "again":
      return client.again(request.id, {}, newKey());
    case "remove":
      return client.remove(request.id);
    case "submit": {
      const { op, set, args, params, label } = request;
      return client.submit(
        {
          op,
          set: withTrailing([...set], args && [...args]),
          ...(params !== undefined && { params: { ...params } }),
          ...(label !== "" && { label }),
          cwd: process.cwd(),
          env: capturedEnv(),
        },
        newKey(),
      );
    }
  }
}
