/** Shipping to and reading from a real PostgreSQL server, which crashes. */
// @module-tag postgresql
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { CleanupStack } from "../../../../daemon/cleanup-stack.js";
import { createSchema } from "../../../../daemon/features/fleet/create-schema.js";
import { FleetEngine } from "../../../../daemon/features/fleet/engine/fleet-engine.js";
import { RemoteRuns } from "../../../../daemon/features/fleet/runs/remote-runs.js";
import { Shipper } from "../../../../daemon/features/fleet/runs/shipper.js";
import { until } from "../../../end-to-end/until.js";
import { Postgres } from "../../../harness/postgres.js";
import { useDirectories } from "../../../harness/temporary.js";
import { joinAs, runOn } from "./engine-runs.js";
import { NONE, SourceAttempt, textsOf } from "./source.js";

const directory = useDirectories();
const cleanup = new CleanupStack();
let server: Postgres;

beforeAll(async () => {
  server = await new Postgres().start();
  // What is not written is lost in a crash, so the writer is slow.
  server.sql("postgres", "alter system set wal_writer_delay = '10s'");
  server.sql("postgres", "select pg_reload_conf()");
  await createSchema(server.url("postgres"));
}, 60_000);
afterEach(() => cleanup.release());
afterAll(() => server?.stop());

function newEngine(): FleetEngine {
  const engine = new FleetEngine({ url: server.url("postgres"), giveUpMs: 10_000 });
  cleanup.add(() => engine.end());
  return engine;
}

const NO_BOUND = Number.POSITIVE_INFINITY;

/** A host that runs the operation and ships its files, and one that reads them. */
async function twoHosts(id: string, answerBytes?: number) {
  const a = await joinAs(newEngine(), `a-${id}`);
  const b = await joinAs(newEngine(), `b-${id}`);
  const fence = await runOn(a, id);
  const source = new SourceAttempt(directory(), NO_BOUND, id);
  cleanup.add(() => source.sink.close());
  const fenced: string[] = [];
  const shipper = new Shipper({ store: a, onFenced: (id) => fenced.push(id), onProblem: () => {} });
  cleanup.add(() => shipper.stop());
  const own = { id, attempt: 1, dir: source.dir, events: source.events, fence };
  shipper.follow({ ...own, isNew: true });
  const problems: Error[] = [];
  const remote = new RemoteRuns({
    store: b,
    runs: directory(),
    isFinished: () => false,
    own: NONE,
    isHere: () => false,
    onRecords: () => {},
    onProblem: (error) => problems.push(error),
    ...(answerBytes !== undefined && { answerBytes }),
  });
  cleanup.add(() => remote.stop());
  return {
    a,
    b,
    source,
    shipper,
    remote,
    textsRead: () => textsOf(remote.of(id)),
    fenced,
    own,
    problems,
  };
}

test("a crash of the engine takes pieces that it had answered: they are shipped again", async () => {
  const { a, source, shipper, remote, textsRead } = await twoHosts("aaa000000001");
  // The engine may have written them by itself before a crash: that one takes nothing.
  for (let lost = 0; lost < 3; ) {
    source.line(100);
    source.event();
    await shipper.flush(source.id, 1);
    const durable = source.last;
    for (let n = 0; n < 5; n++) source.line(100);
    shipper.hint(source.id);
    await until(
      "the lines are shipped",
      async () => (await a.shippedTo(source.id, 1)).log === source.last.log,
    );
    await server.restart("immediate");
    if ((await a.shippedTo(source.id, 1)).log === durable.log) lost++;
  }
  // Nothing new is written after the last crash.
  await shipper.flush(source.id, 1);
  await remote.bring([{ id: source.id, attempt: 1 }]);
  expect(textsRead()).toEqual(source.texts);
});

test("without news, a shipper asks once whether everything is there", async () => {
  const { a, source, own } = await twoHosts("aaa000000002");
  const shipper = new Shipper({ store: a, onFenced: () => {}, onProblem: () => {}, confirmMs: 0 });
  cleanup.add(() => shipper.stop());
  source.line(10);
  shipper.follow({ ...own, isNew: false });
  await until("the line is shipped", async () => (await a.shippedTo(source.id, 1)).log > 0);
  server.sql("postgres", `delete from liveops.piece where id = '${source.id}'`);
  await until("the line is shipped again", async () => (await a.shippedTo(source.id, 1)).log > 0);
});

test("of a log with very many pieces, an answer holds a part", async () => {
  const { b, source, shipper, remote, textsRead } = await twoHosts("aaa000000006");
  for (let n = 0; n < 450; n++) {
    source.line(5);
    if (n % 2 === 0) source.event();
    await shipper.flush(source.id, 1);
  }
  const { rows, more } = await b.piecesAfter(
    [{ id: source.id, attempt: 1, events: 0, log: 0 }],
    1e6,
  );
  expect([rows.filter(({ file }) => file === "log").length, more]).toEqual([200, true]);
  // The events are not ahead of the log.
  expect(Math.max(...rows.map(({ first }) => first))).toBe(rows.at(-1)!.first);
  await remote.bring([{ id: source.id, attempt: 1 }]);
  expect(textsRead()).toEqual(source.texts);
});
