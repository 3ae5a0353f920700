/** Fetches the pages of the list that scrolling, a filter or an order needs. */
import { useEffect } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { pause } from "../pause.js";
import { pageQuery, parsePage, wantedPage } from "../state/paging.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

/** Milliseconds without another letter before a filter is asked for. */
const TYPING = 120;

export function usePages(store: Store, client: Client): void {
  const wanted = useStored(store, wantedPage);
  useEffect(() => {
    if (wanted === null) return;
    const left = new AbortController();
    const { text, before } = parsePage(wanted);
    void (async () => {
      if (text !== "" && before === null) await pause(TYPING, left.signal);
      if (left.signal.aborted) return;
      const page = await client.list(pageQuery(store.state, before));
      if (!left.signal.aborted) store.dispatch({ type: "page-fetched", text, ...page });
    })().catch(() => {
      // The watch stream tells when the daemon is gone; the page is wanted again when it is back.
    });
    return () => left.abort();
  }, [store, client, wanted]);
}
