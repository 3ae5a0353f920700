/** The root: the hooks that do things, and the screen that shows the store's frame. */
import { useSyncExternalStore } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { useAttempts } from "../hooks/useAttempts.js";
import { useHistory } from "../hooks/useHistory.js";
import { useKeys } from "../hooks/useKeys.js";
import { useLog } from "../hooks/useLog.js";
import { usePages } from "../hooks/usePages.js";
import { useRecords } from "../hooks/useRecords.js";
import { useRequest } from "../hooks/useRequest.js";
import { type Suspendable, useSuspend } from "../hooks/useSuspend.js";
import { useTape } from "../hooks/useTape.js";
import { useTicks } from "../hooks/useTicks.js";
import { useTypes } from "../hooks/useTypes.js";
import { useWatch } from "../hooks/useWatch.js";
import type { Store } from "../store.js";
import { Screen } from "./Screen.js";

export interface DashboardProps {
  store: Store;
  client: Client;
  suspendable: Suspendable;
  /** `env.allow` of the config file. */
  allow?: readonly string[] | undefined;
}

export function Dashboard({ store, client, suspendable, allow }: DashboardProps) {
  useWatch(store, client);
  useLog(store, client);
  useRecords(store, client);
  useHistory(store, client);
  usePages(store, client);
  useAttempts(store, client);
  useRequest(store, client, allow);
  useTypes(store, client);
  useTape(store, client);
  useTicks(store);
  useSuspend(store, suspendable);
  useKeys(store);
  return <Screen frame={useSyncExternalStore(store.subscribe, store.frame)} />;
}
