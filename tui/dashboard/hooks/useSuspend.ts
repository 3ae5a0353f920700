/** Hands Ink's way of giving the terminal back to whoever needs it, and suspends on ctrl-Z. */
import { useApp } from "ink";
import { useEffect } from "react";
import type { SuspendTerminal } from "../around/suspend.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

export interface Suspendable {
  use(terminal: SuspendTerminal): void;
  suspend(): void;
}

export function useSuspend(store: Store, suspendable: Suspendable): void {
  const { suspendTerminal } = useApp();
  useEffect(() => suspendable.use(suspendTerminal), [suspendable, suspendTerminal]);
  const asked = useStored(store, ({ suspends }) => suspends);
  useEffect(() => {
    if (asked > 0) suspendable.suspend();
  }, [suspendable, asked]);
}
