/** Streams the selected operation's log, and fetches the ranges that scrolling brings into view. */
import { useEffect } from "react";
import type { Client } from "../../../protocol/client/client.js";
import type { LogLine } from "../../../protocol/operation.js";
import type { LogQuery } from "../../../protocol/requests.js";
import { wantedSeek } from "../state/log-seek.js";
import { LOG_PAGE } from "../state/log-window.js";
import { logTarget, parseRange, wantedRange } from "../state/wants.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

export function useLog(store: Store, client: Client): void {
  const target = useStored(store, logTarget);
  useEffect(() => {
    if (target === null) return;
    const left = new AbortController();
    void stream(store, client, target.split(" ")[0]!, left.signal);
    return () => left.abort();
  }, [store, client, target]);

  const range = useStored(store, wantedRange);
  useEffect(() => {
    if (range === null) return;
    const { id, filter, want, query } = parseRange(range);
    client.log(id, { ...query, limit: LOG_PAGE }).then(
      ({ lines, total, next }) =>
        store.dispatch({ type: "log-fetched", id, filter, want, lines, total, next }),
      // The watch stream tells when the daemon is gone; the range is wanted again with the next scroll.
      () => {},
    );
  }, [store, client, range]);

  const seek = useStored(store, wantedSeek);
  useEffect(() => {
    if (seek === null) return;
    const sought = { still: true };
    const [id, query] = JSON.parse(seek) as [string, LogQuery];
    firstLine(client, id, query, sought).then(
      (line) => store.dispatch({ type: "sought", key: seek, line }),
      () => {},
    );
    return () => {
      sought.still = false;
    };
  }, [store, client, seek]);
}

/** The daemon looks through so much of a log at a time: asked on until it found one, or another line is sought. */
async function firstLine(
  client: Client,
  id: string,
  query: LogQuery,
  sought: { readonly still: boolean },
): Promise<LogLine | null> {
  for await (const { lines } of client.logPages(id, { ...query, limit: 1 })) {
    if (lines[0] !== undefined) return lines[0];
    if (!sought.still) break;
  }
  return null;
}

async function stream(store: Store, client: Client, id: string, left: AbortSignal): Promise<void> {
  const { log } = store.state;
  const logAfter = log.to;
  try {
    for await (const line of client.watch({ operation: id, log: true, logAfter }, left)) {
      if (line.type === "log" && line.id === id) store.dispatch({ type: "logged", id, lines: line.lines });
    }
  } catch {
    // Ended by another selection, or with the daemon: the list's stream says so and brings this one back.
  }
}
