/** A primitive read off the drawn state; the component renders again only when it changes. */
import { useSyncExternalStore } from "react";
import type { State } from "../state/model.js";
import type { Store } from "../store.js";

export function useStored<T extends string | number | boolean | null>(
  store: Store,
  read: (state: State) => T,
): T {
  return useSyncExternalStore(store.subscribe, () => read(store.drawn()));
}
