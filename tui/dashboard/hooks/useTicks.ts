/** Counts the seconds while something on the screen does; no timer at all while nothing does. */
import { useEffect } from "react";
import { ticks } from "../state/ticks.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

export function useTicks(store: Store): void {
  const ticking = useStored(store, ticks);
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => store.tick(), 1000);
    return () => clearInterval(timer);
  }, [store, ticking]);
}
