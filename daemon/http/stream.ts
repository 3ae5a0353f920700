/** Opens a hijacked NDJSON reply: from here on the stream's own flow control rules, not the framework's. */
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import { VERSION, VERSION_HEADER } from "../../protocol/version.js";
import type { Connections } from "./connections.js";

/**
 * @throws Refusal where there are too many streams
 * @param untilClosed without chunks around what is sent, each costs half a delivery; for what says itself when it is over
 */
export function openStream(
  reply: FastifyReply,
  connections: Connections,
  untilClosed = false,
): ServerResponse {
  connections.admitStream(reply.raw);
  reply.hijack();
  const response = reply.raw;
  if (untilClosed) {
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
  }
  response.writeHead(200, {
    "content-type": "application/x-ndjson; charset=utf-8",
    "cache-control": "no-store",
    [VERSION_HEADER]: VERSION,
  });
  response.on("error", () => response.destroy());
  return response;
}
