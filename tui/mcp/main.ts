/**
 * The MCP server on stdin and stdout. Ends when the client closes stdin, or with SIGINT or SIGTERM. Operations
 * continue.
 */
import { setTimeout as delay } from "node:timers/promises";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { GlobalOptions } from "../../protocol/client/daemon-address.js";
import { type ReportTo, say } from "../kit/report.js";
import { Daemon } from "./daemon.js";
import { createServer } from "./server.js";

export interface ServeSettings {
  /** The options that select the daemon. */
  options: GlobalOptions;
  readOnly: boolean;
  to: ReportTo;
}

/** Longest time for calls that are still open at the end, in ms. */
const LAST_CALLS_MS = 1000;

export async function serve({ options, readOnly, to }: ServeSettings): Promise<void> {
  const daemon = new Daemon(options, to, readOnly);
  const server = createServer(daemon);
  server.server.onerror = (error) => say(to, error.message);
  if (process.stdin.isTTY)
    say(to, "waiting for an MCP client on stdin; start this command from a client: docs/mcp.md", "yellow");
  const ended = new Promise<void>((resolve) => {
    process.stdin.once("end", resolve).once("close", resolve);
    process.once("SIGINT", resolve).once("SIGTERM", resolve);
  });
  await server.connect(new StdioServerTransport());
  await ended;
  daemon.endWaits();
  await Promise.race([daemon.idle(), delay(LAST_CALLS_MS, undefined, { ref: false })]);
  await server.close();
}
