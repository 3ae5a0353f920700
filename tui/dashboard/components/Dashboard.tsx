/** The root: the hooks that do things, and the screen that shows the store's frame. */
import { useSyncExternalStore } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { useKeys } from "../hooks/useKeys.js";
import { useLog } from "../hooks/useLog.js";
import { useRecords } from "../hooks/useRecords.js";
import { useRequest } from "../hooks/useRequest.js";
import { useTicks } from "../hooks/useTicks.js";
import { useWatch } from "../hooks/useWatch.js";
import type { Store } from "../store.js";
import { Screen } from "./Screen.js";

export function Dashboard({ store, client }: { store: Store; client: Client }) {
  useWatch(store, client);
  useLog(store, client);
  useRecords(store, client);
  useRequest(store, client);
  useTicks(store);
  useKeys(store);
  return <Screen frame={useSyncExternalStore(store.subscribe, store.frame)} />;
}
