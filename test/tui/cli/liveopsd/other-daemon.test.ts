/**
 * A refused start names the daemon that holds the state directory, also where that daemon does not
 * answer.
 */
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { LockOwner } from "../../../../protocol/system/lock-owner.js";
import { otherDaemon } from "../../../../tui/cli/liveopsd/other-daemon.js";
import { useDirectories } from "../../../harness/temporary.js";

const directory = useDirectories();

/** As one that was stopped: it takes connections, and says nothing. */
async function deafSocket(): Promise<string> {
  const socket = join(directory(), "deaf.sock");
  const server = createServer(() => {}).listen(socket);
  const connections = new Set<{ destroy(): void }>();
  server.on("connection", (connection) => connections.add(connection));
  onTestFinished(() => {
    for (const connection of connections) connection.destroy();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return socket;
}

const ownerAt = (socket: string): LockOwner => ({
  pid: 4711,
  startTime: null,
  socket,
  directory: "1:2",
  start: [],
});

async function refusal(socket: string, owner: LockOwner | null): Promise<unknown> {
  return otherDaemon(socket, { message: "it is taken", owner }, 50).catch(
    (error: unknown) => error,
  );
}

test("one that takes connections and does not answer is named, with what ends it", async () => {
  const socket = await deafSocket();
  expect(await refusal(join(directory(), "mine.sock"), ownerAt(socket))).toMatchObject({
    summary: "Not started",
    status: 409,
    message: expect.stringMatching(
      new RegExp(`^it is taken: pid 4711, which does not answer on ${socket}; .*kill -9 4711`),
    ),
  });
});

test("the process may be unknown", async () => {
  const mine = join(directory(), "mine.sock");
  for (const owner of [null, ownerAt(mine)])
    expect(await refusal(mine, owner)).toMatchObject({
      message: expect.stringContaining(`no daemon answers on ${mine}`),
    });
  const deaf = await deafSocket();
  expect(await refusal(deaf, null)).toMatchObject({ message: expect.stringContaining(deaf) });
});
