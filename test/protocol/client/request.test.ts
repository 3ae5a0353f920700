/** Requests of the client to real servers: an answer is complete, whatever its chunks. */
import { rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConnectionLostError, NoDaemonError } from "../../../protocol/client/errors.js";
import { askJson } from "../../../protocol/client/request.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
let socket: string;
let server: Server;
beforeEach(() => {
  socket = join(directory(), "s");
});
afterEach(() => new Promise((resolve) => server?.close(resolve) ?? resolve(null)));

const listening = (made: Server) =>
  new Promise<void>((resolve) => {
    server = made;
    rmSync(socket, { force: true });
    server.listen(socket, resolve);
  });
const get = { method: "GET", path: "/v1/x" } as const;

test("law: a JSON answer comes back, with a length or in chunks, cut anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.jsonValue(),
      fc.boolean(),
      fc.array(fc.nat({ max: 400 }), { maxLength: 6 }),
      async (value, isChunked, cuts) => {
        const body = Buffer.from(JSON.stringify(value));
        const half = body.length >> 1;
        const pieces = [body.subarray(0, half), body.subarray(half)].filter(
          ({ length }) => length > 0,
        );
        const framed = pieces.map((piece) =>
          Buffer.concat([
            Buffer.from(`${piece.length.toString(16)}\r\n`),
            piece,
            Buffer.from("\r\n"),
          ]),
        );
        const head = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
        const bytes = Buffer.concat([
          Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${head}\r\n\r\n`),
          ...(isChunked ? [...framed, Buffer.from("0\r\n\r\n")] : [body]),
        ]);
        await listening(
          createServer((connection) => {
            // It has what it needs before we are done.
            connection.on("error", () => {});
            connection.once("data", async () => {
              let at = 0;
              for (const cut of [...cuts].sort((a, b) => a - b)) {
                connection.write(bytes.subarray(at, Math.max(at, cut)));
                at = Math.max(at, cut);
                await new Promise((resolve) => setImmediate(resolve));
              }
              connection.write(bytes.subarray(at));
            });
          }),
        );
        expect(await askJson(socket, get)).toEqual(JSON.parse(body.toString()));
        await new Promise((resolve) => server.close(resolve));
      },
    ),
  );
});

test("what is asked arrives as it is: path, query, body, headers", async () => {
  await listening(
    createHttpServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { method, url, headers } = request;
      response.end(
        JSON.stringify({ method, url, key: headers["idempotency-key"], body: JSON.parse(body) }),
      );
    }),
  );
  const body = { label: "日本語 \u0000 \r\n", params: { a: [1, null] } };
  expect(
    await askJson(socket, {
      method: "POST",
      path: "/v1/operations",
      query: { state: ["a", "b"], log: true, none: undefined },
      body,
      headers: { "idempotency-key": "k" },
    }),
  ).toEqual({ method: "POST", url: "/v1/operations?state=a%2Cb&log=1", key: "k", body });
});

test("no server, a wrong answer, and a server that closes in the middle", async () => {
  await expect(askJson(socket, get)).rejects.toBeInstanceOf(NoDaemonError);
  await listening(createServer((connection) => void connection.resume().end("SSH-2.0\r\n\r\n")));
  await expect(askJson(socket, get)).rejects.toThrow(/does not speak HTTP/);
  await new Promise((resolve) => server.close(resolve));
  await listening(
    createServer((connection) =>
      connection.once("data", () =>
        connection.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}"),
      ),
    ),
  );
  await expect(askJson(socket, get)).rejects.toBeInstanceOf(ConnectionLostError);
});

test("a refusal is thrown as what it is, and a header cannot hold another one", async () => {
  await listening(
    createHttpServer((_request, response) => {
      response.statusCode = 404;
      response.end(
        JSON.stringify({
          code: "LIVEOPS_NO_SUCH_TYPE",
          title: "t",
          status: 404,
          detail: "no nope",
        }),
      );
    }),
  );
  await expect(askJson(socket, get)).rejects.toMatchObject({
    code: "LIVEOPS_NO_SUCH_TYPE",
    message: "no nope",
  });
  await expect(askJson(socket, { ...get, headers: { a: "1\r\nb: 2" } })).rejects.toThrow(
    /Invalid character in header/,
  );
});

test("an aborted request gets the reason, and its connection closes", async () => {
  const closed = Promise.withResolvers<void>();
  await listening(
    createServer((connection) => void connection.on("close", () => closed.resolve()).resume()),
  );
  const abort = new AbortController();
  const asked = askJson(socket, { ...get, signal: abort.signal });
  server.once("connection", () => abort.abort(new Error("enough")));
  await expect(asked).rejects.toThrow("enough");
  await closed.promise;
});
