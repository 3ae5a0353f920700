/**
 * A problem sent on a bare connection: for what reaches no route, because it is no HTTP, or because there are too many
 * connections. The connection closes after it, whether or not the client reads it.
 */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Refusal } from "../../protocol/errors.js";
import { VERSION, VERSION_HEADER } from "../../protocol/version.js";

/** @param lingerMs how long the client may take to close; 0: the connection closes as soon as the answer is sent */
export function plainAnswer(socket: Socket, refusal: Refusal, lingerMs: number): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(refusal.toProblem());
  const text =
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${VERSION_HEADER}: ${VERSION}\r\n` +
    `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
    `connection: close\r\n\r\n${body}`;
  // A client that reads nothing does not keep the connection.
  const timer = setTimeout(() => socket.destroy(), Math.max(lingerMs, 1000));
  socket.once("close", () => clearTimeout(timer));
  socket.end(text, () => {
    if (lingerMs === 0) socket.destroy();
  });
}
