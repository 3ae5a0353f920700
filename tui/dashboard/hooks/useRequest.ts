/** Sends what was asked for by key, and tells how it went. */
import { useEffect, useSyncExternalStore } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { newKey } from "../../../protocol/client/idempotency-key.js";
import { capturedVariables } from "../../../protocol/environment.js";
import type { Operation } from "../../../protocol/operation.js";
import { withTrailing } from "../../cli/arguments.js";
import type { Request } from "../state/request.js";
import type { Store } from "../store.js";

/** @param allow `env.allow` of the config file */
export function useRequest(store: Store, client: Client, allow?: readonly string[]): void {
  const request = useSyncExternalStore(store.subscribe, () => store.drawn().request);
  useEffect(() => {
    if (request === null) return;
    send(client, request, allow).then(
      (operation) => store.dispatch({ type: "answered", request, operation }),
      (error: Error) => store.dispatch({ type: "refused", request, message: error.message }),
    );
  }, [store, client, request, allow]);
}

export async function send(client: Client, request: Request, allow?: readonly string[]): Promise<Operation> {
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
          env: capturedVariables(process.env, allow),
        },
        newKey(),
      );
    }
  }
}
