/** The client uses the methods and paths of the route table, and the schemas have the same routes. */
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../protocol/client/client.js";
import { PATHS, type RouteName } from "../../protocol/paths.js";
import { ROUTES } from "../../protocol/routes.js";
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

const first = async (lines: AsyncGenerator<unknown>) => {
  await lines.next();
  await lines.return(undefined);
};

/** Nothing of ours asks for `openapi` and `metrics`. */
const CALLS: Record<Exclude<RouteName, "openapi" | "metrics">, () => Promise<unknown>> = {
  submit: () => client.submit({ op: "x" }, "key"),
  list: () => client.list(),
  show: () => client.show("abc"),
  edit: () => client.edit("abc", { label: "x" }),
  remove: () => client.remove("abc"),
  log: () => client.log("abc"),
  events: () => first(client.events("abc")),
  attach: () => first(client.attach("abc")),
  input: () => client.input("abc", { text: "y" }),
  cancel: () => client.cancel("abc"),
  retry: () => client.retry("abc"),
  again: () => client.again("abc", {}, "key"),
  pause: () => client.pause("abc"),
  resume: () => client.resume("abc"),
  cancelAll: () => first(client.cancelAll({ all: true })),
  retryAll: () => first(client.retryAll({ all: true })),
  removeAll: () => first(client.removeAll({ all: true })),
  queues: () => client.queues(),
  setQueue: () => client.setQueue("abc", { concurrency: 2 }),
  removeQueue: () => client.removeQueue("abc"),
  pauseQueue: () => client.pauseQueue(),
  resumeQueue: () => client.resumeQueue("abc"),
  schedules: () => client.schedules(),
  addSchedule: () => client.addSchedule({ name: "n", cron: "@daily", operation: { op: "x" } }),
  removeSchedule: () => client.removeSchedule("abc"),
  pauseSchedule: () => client.pauseSchedule("abc"),
  resumeSchedule: () => client.resumeSchedule("abc"),
  runSchedule: () => client.runSchedule("abc", "key"),
  hosts: () => client.hosts(),
  declareLost: () => client.declareLost("abc"),
  drain: () => client.drain(true),
  watch: () => first(client.watch()),
  types: () => client.types(),
  history: () => client.history("abc"),
  forecast: () => client.forecast(),
  daemon: () => client.daemon(),
  backup: () => first(client.backup("/tmp/none")),
  reload: () => client.reload(),
  stop: () => client.stop(),
};

test.each(Object.entries(CALLS))("%s", async (name, call) => {
  asked.length = 0;
  await call();
  const { method, path } = PATHS[name as RouteName];
  expect(asked).toEqual([`${method} ${path.replace(/:\w+/, "abc")}`]);
});

test("the routes with schemas are those with paths", () => {
  expect(Object.keys(ROUTES).sort()).toEqual(Object.keys(PATHS).sort());
});
