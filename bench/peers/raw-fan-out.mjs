/** A bare Unix socket server that writes one shared buffer to each connection, at a given rate. */
import { createServer } from "node:net";
import { answer, settings } from "./answer.mjs";

const { path, bytes, perSecond } = settings;
const buffer = Buffer.from(`${"x".repeat(bytes - 2)}}\n`);
const sockets = new Set();
createServer((socket) => {
  sockets.add(socket);
  socket.on("error", () => {});
  socket.on("close", () => sockets.delete(socket));
}).listen(path);
let ticks = 0;
const start = performance.now();
// A late timer catches up, as the measured operation does.
setInterval(() => {
  for (; ticks < ((performance.now() - start) * perSecond) / 1000; ticks++)
    for (const socket of sockets) socket.write(buffer);
}, 1);

await answer(() => ticks);
process.exit(0);
