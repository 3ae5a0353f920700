/**
 * The routes of a program's terminal: attach, and type. They connect the client with the worker's
 * socket.
 */
import { connect, type Socket } from "node:net";
import { Refusal } from "../../../protocol/errors.js";
import { LineSplitter } from "../../../protocol/ndjson.js";
import type { Operation } from "../../../protocol/operation.js";
import {
  type FromTerminal,
  type ToTerminal,
  terminalSocket,
} from "../../run-files/terminal-socket.js";
import { attemptDir } from "../../store/layout.js";
import { checkPerson } from "../person.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";
import { openStream } from "./streams.js";

/** Milliseconds for the worker to answer; it may be busy with the operation's own code. */
const ANSWER_MS = 8000;

export const terminalRoutes: RoutePlugin = (app, { context, connections }, done) => {
  app.route({
    ...definition("attach"),
    handler: async (request, reply) => {
      const { record } = await context.view.find(request.params.id);
      const socket = await openTerminal(context, record, { type: "attach" });
      const response = openStream(reply, connections, true);
      // The last line tells the client apart whether the program ended or the connection broke.
      socket.on("error", () => response.destroy());
      socket.pipe(response);
      response.on("close", () => socket.destroy());
      return reply;
    },
  });
  app.route({
    ...definition("input"),
    handler: async (request) => {
      const { record } = await context.view.find(request.params.id);
      const person = `liveops attach ${record.id}`;
      if (request.body.number === undefined) await checkPerson(context, request, person);
      const socket = await openTerminal(context, record, { type: "input", ...request.body });
      const answer = await firstLine(socket, record);
      if (answer.type === "unasked")
        throw new Refusal("LIVEOPS_WRONG_STATE", `${record.id} ${answer.reason}: ${person}`);
      if (answer.type !== "typed")
        throw noTerminal(
          record,
          answer.type === "refused" ? answer.reason : "its worker did not answer",
        );
      return { size: answer.size };
    },
  });
  done();
};

/** @throws Refusal LIVEOPS_NO_TERMINAL */
async function openTerminal(
  context: Context,
  record: Operation,
  first: ToTerminal,
): Promise<Socket> {
  const { id, state, attempt, terminal } = record;
  if (state === "queued") throw noTerminal(record, "it is still queued; attach when it runs");
  if (state !== "running")
    throw noTerminal(record, `it has ${state === "cancelled" ? "been cancelled" : state}`);
  if (terminal === null)
    throw noTerminal(
      record,
      "none of its programs runs on a terminal now (shell: submit it with tty=true)",
    );
  let path: ReturnType<typeof terminalSocket>;
  try {
    path = terminalSocket(attemptDir(context.layout, id, attempt));
  } catch (error) {
    throw noTerminal(record, `its run files cannot be read: ${(error as Error).message}`);
  }
  try {
    return await new Promise((resolve, reject) => {
      const socket = connect(path.path);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        socket.write(`${JSON.stringify(first)}\n`);
        resolve(socket);
      });
    });
  } catch (error) {
    throw noTerminal(
      record,
      `its worker does not answer (${(error as NodeJS.ErrnoException).code})`,
    );
  } finally {
    path.release();
  }
}

function firstLine(socket: Socket, record: Operation): Promise<FromTerminal> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      socket.destroy();
      reject(noTerminal(record, reason));
    };
    const timer = setTimeout(
      () => fail("its worker is busy and did not answer; try again"),
      ANSWER_MS,
    );
    const lines = new LineSplitter((line) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(JSON.parse(line) as FromTerminal);
    });
    socket.on("data", (chunk: Buffer) => lines.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      fail("its worker has ended");
    });
  });
}

function noTerminal({ id }: Operation, reason: string): Refusal {
  return new Refusal("LIVEOPS_NO_TERMINAL", `${id} has no terminal: ${reason}`);
}
