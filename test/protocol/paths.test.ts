/**
 * The client uses the methods and paths of the route table, and the schemas have the same routes.
 */
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../protocol/client/client.js";
import { PATHS, type Path, type RouteName } from "../../protocol/paths.js";
import { noBody } from "../../protocol/requests.js";
import { ROUTES, type Route } from "../../protocol/routes.js";
import { useDirectories } from "../harness/temporary.js";

const directory = useDirectories();
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url!.split("?")[0]}`);
  request.resume().on("end", () => response.end("{}\n"));
});
let client: Client;

beforeAll(async () => {
  const socket = join(directory(), "s");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  client = new Client(socket);
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Nothing of ours asks for `metrics`. */
const NAMES = (Object.keys(PATHS) as RouteName[]).filter((name) => name !== "metrics");

test.each(NAMES)("%s", async (name) => {
  asked.length = 0;
  const { method, path, lastLine }: Path = PATHS[name];
  const args = path.includes(":") ? ["abc"] : [];
  const call = client[name] as (...args: unknown[]) => Promise<unknown> & AsyncGenerator<unknown>;
  const reply = call.apply(client, args);
  if (lastLine === undefined) await reply;
  else await reply.return((await reply.next()).value);
  expect(asked).toEqual([`${method} ${path.replace(/:\w+/, "abc")}`]);
});

test.each(Object.keys(ROUTES) as RouteName[])(
  "%s: the client knows what the schemas take and return",
  (name) => {
    const { query, body, headers, replies }: Route = ROUTES[name];
    const { sends, key, lastLine }: Path = PATHS[name];
    const inBody = body && body !== noBody ? "body" : undefined;
    expect(sends).toBe(query ? "query" : inBody);
    expect(key).toBe(headers?.["Idempotency-Key"] === undefined ? undefined : true);
    expect(lastLine !== undefined).toBe(replies[200]?.["application/x-ndjson"] !== undefined);
  },
);

test("the routes with schemas are those with paths", () => {
  expect(Object.keys(ROUTES).sort()).toEqual(Object.keys(PATHS).sort());
});
