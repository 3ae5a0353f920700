/** The audit log: the content of a line, the size bound, and that it never fails a request. */
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type AuditedAction, AuditLog } from "../../../daemon/log/audit-log.js";
import type { AuditLine } from "../../../protocol/audit.js";
import { commandOf, parseClientHeader } from "../../../protocol/client/client-header.js";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

function places(dir: string) {
  return { audit: join(dir, "audit.ndjson"), olderAudit: join(dir, "audit.1.ndjson") };
}

function linesOf(file: string): AuditLine[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as AuditLine);
}

const by = (pid: number, command: string) => ({ "liveops-client": `pid=${pid}; command=${command}` });
const anAction: AuditedAction = { action: "cancel", request: null, ids: ["abc"], result: "done" };

test("each change is logged with its requester and its result; a read is not", async () => {
  const served = await Served.start(directory());
  const client = by(process.pid, "liveops test");
  const post = (url: string, payload: object = {}, headers: object = {}) =>
    served.inject({ method: "POST", url, payload, headers: { ...client, ...headers } });
  const { id } = (
    await post(
      "/v1/operations",
      { op: "load-process-save", params: { from: "a" } },
      { "idempotency-key": "k1" },
    )
  ).json();
  await post("/v1/operations", [
    { op: "load-process-save", params: { from: "a" } },
    { op: "load-process-save", params: { from: "b" } },
  ]);
  await post("/v1/operations", { op: "nothing" });
  await post(`/v1/operations/${id}/cancel`);
  await post(`/v1/operations/${id}/cancel`);
  await post(`/v1/operations/${id}/retry`, {
    from: "nowhere",
    done: [{ stage: "A", outputs: { key: "hidden" } }, { stage: "B/c" }],
    set: ["token=hidden"],
    params: { region: "hidden" },
  });
  await served.inject({ method: "GET", url: `/v1/operations/${id}`, headers: client });
  await served.inject({ method: "DELETE", url: `/v1/operations/${id}` });
  await post("/v1/daemon/stop", { now: true });
  served.context.audit.flush();
  const lines = linesOf(served.open.layout.audit);
  expect(lines.map(({ action, result, count }) => `${action} ${result} ${count}`)).toEqual([
    "submit done 1",
    "submit done 2",
    "submit LIVEOPS_NO_SUCH_TYPE 0",
    "cancel done 1",
    "cancel LIVEOPS_WRONG_STATE 1",
    "retry LIVEOPS_BAD_REQUEST 1",
    "remove done 1",
    "stop done 0",
  ]);
  const [first, , , , , retried, removed, stopped] = lines;
  expect(first).toMatchObject({
    ids: [id],
    key: "k1",
    uid: process.getuid!(),
    client: {
      claimed: true,
      pid: process.pid,
      command: "liveops test",
      process: { uid: process.getuid!(), comm: readFileSync("/proc/self/comm", "utf8").trim() },
    },
  });
  expect(retried!.details).toEqual({ from: "nowhere", done: "A, B/c", parameters: "token, region" });
  expect(removed).toMatchObject({ ids: [id], client: null, key: null });
  expect(stopped!.details).toEqual({ now: true });
  expect(statSync(served.open.layout.audit).mode & 0o777).toBe(0o600);
  await served.close();
});

test("a claim of a missing process is marked; an invalid claim is dropped", () => {
  const dir = directory();
  const log = new AuditLog(places(dir));
  for (const headers of [by(2 ** 22 + 1, "liveops ls"), { "liveops-client": "pid=1; command=a\nb" }, {}])
    log.record({ ...anAction, request: { headers } });
  log.stop();
  expect(linesOf(places(dir).audit).map(({ client }) => client)).toEqual([
    { claimed: true, pid: 2 ** 22 + 1, command: "liveops ls", process: null },
    null,
    null,
  ]);
});

test("it keeps two bounded files, and names at most twenty operations", () => {
  const dir = directory();
  const { audit, olderAudit } = places(dir);
  const log = new AuditLog(places(dir), 20_000);
  const ids = Array.from({ length: 1000 }, (_, n) => `operation${n}`);
  for (let n = 0; n < 200; n++) {
    log.record({ ...anAction, ids, details: { n } });
    log.flush();
  }
  log.stop();
  const newest = linesOf(audit);
  expect(newest.at(-1)).toMatchObject({ count: 1000, ids: ids.slice(0, 20), details: { n: 199 } });
  const numbers = [...linesOf(olderAudit), ...newest].map(({ details }) => details!.n as number);
  expect(numbers).toEqual(Array.from(numbers, (_, index) => numbers[0]! + index));
  for (const file of [audit, olderAudit]) expect(statSync(file).size).toBeLessThan(22_000);
  expect(log.lost).toBe(0);
});

test("a file that was removed is made again; one that cannot be written costs lines, which are counted", () => {
  const dir = directory();
  const { audit } = places(dir);
  const log = new AuditLog(places(dir));
  const take = (n: number) => {
    log.record({ ...anAction, details: { n } });
    log.flush();
  };
  take(1);
  rmSync(audit);
  take(2);
  expect(linesOf(audit).map(({ details }) => details)).toEqual([{ n: 2 }]);
  rmSync(audit);
  mkdirSync(audit);
  take(3);
  expect(log.lost).toBe(1);
  rmSync(audit, { recursive: true });
  const secret = join(dir, "secret");
  writeFileSync(secret, "");
  symlinkSync(secret, audit);
  take(4);
  expect([log.lost, readFileSync(secret, "utf8")]).toEqual([2, ""]);
  rmSync(audit);
  take(5);
  expect(linesOf(audit).map(({ details }) => details)).toEqual([{ n: 5 }]);
  log.stop();
});

test.each([
  [["node", "/x/bin/liveops.cjs", "submit", "shell", "secret"], "liveops submit"],
  [["node", "/x/.bin/liveopsd", "stop"], "liveopsd stop"],
  [["node", "/x/bin/liveops.cjs", "--socket", "/s"], "liveops"],
  [["node", "/x/my script.mjs", "password"], "my_script"],
  [["node"], "node"],
])("the command of %j is %s", (argv, command) => {
  expect(commandOf(argv)).toBe(command);
  expect(parseClientHeader(`pid=7; command=${command}`)).toEqual({ pid: 7, command });
  const remote = parseClientHeader(`pid=7; command=${command}; host=my-laptop.local`);
  expect(remote).toEqual({ pid: 7, command, host: "my-laptop.local" });
  const named = parseClientHeader(`pid=7; command=${command}; user=ann.b; host=box`);
  expect(named).toEqual({ pid: 7, command, user: "ann.b", host: "box" });
});
