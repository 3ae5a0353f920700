/** Crashes of the engine in the middle of calls: no decision is lost, none is recorded twice. */
// @module-tag postgresql
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { OvertakenError } from "../../../../daemon/features/fleet/engine/errors.js";
import {
  add,
  candidate,
  finish,
  history,
  newId,
  submit,
  type TestEngine,
  token,
  useFleet,
} from "./fleet.js";

const fleet = useFleet();
let a: TestEngine;
beforeEach(async () => {
  await fleet.create();
  a = await fleet.host("a");
});

test("crashes under load: each call has one effect, and answers with it", async () => {
  const hosts = [a, await fleet.host("b"), await fleet.host("c")];
  const done: string[] = [];
  let isOver = false;
  const work = async (engine: TestEngine) => {
    while (!isOver) {
      const id = newId();
      const submitted = await engine.append([submit(id)], token());
      const request = { candidates: [candidate(id, submitted)], workers: [{}], token: token() };
      const [claimed] = await engine.claim(request);
      expect(claimed).toMatchObject({ id });
      await engine.ship(
        [
          {
            id,
            attempt: 1,
            file: "log",
            first: 1,
            last: 3,
            fence: claimed!.fence,
            body: Buffer.from("x"),
          },
        ],
        false,
      );
      await engine.append([finish(id, claimed!.n, { fence: claimed!.fence })], token());
      done.push(id);
    }
  };
  const workers = hosts.flatMap((engine) => [work(engine), work(engine)]);
  for (let crash = 0; crash < 3; crash++) {
    const before = done.length;
    while (done.length < before + 20) await sleep(5);
    await fleet.server.restart("immediate");
  }
  const before = done.length;
  while (done.length < before + 20) await sleep(5);
  isOver = true;
  await Promise.all(workers);

  const rows = await history(fleet.engine());
  expect(rows.map(({ n }) => n)).toEqual(
    Array.from({ length: rows.length }, (_, index) => index + 1),
  );
  const kinds = Map.groupBy(rows, ({ id }) => id);
  for (const id of done)
    expect(kinds.get(id)!.map(({ decision }) => decision.kind)).toEqual([
      "submitted",
      "started",
      "finished",
    ]);
  expect(kinds.size).toBe(done.length);
  expect(await a.queries.countsByState()).toMatchObject({
    queued: 0,
    running: 0,
    succeeded: done.length,
  });
}, 60_000);

describe("an answer that is lost", () => {
  /** Ends the session that inserts into `table`, once, at the end of its transaction. */
  function breakOnce(table: string): void {
    fleet.sql(`
      create function public.break_once() returns trigger language plpgsql security definer as $f$
      begin
        -- A sequence does not come back when the transaction does.
        if nextval('public.times') = 1 then
          perform pg_terminate_backend(pg_backend_pid());
        end if;
        return null;
      end $f$;
      create sequence public.times;
      create constraint trigger break_once after insert on liveops.${table} deferrable initially deferred
        for each row execute function public.break_once()`);
  }

  test("of a call that was rolled back: made again", async () => {
    breakOnce("decision");
    await add(a);
    expect(fleet.sql("select last_value from public.times")).toBe("2");
    expect(await history(a)).toHaveLength(1);
  });

  test("of a call that was committed: answered as the first time", async () => {
    const group = { items: [submit(newId())], token: token() };
    const first = await a.appendEach([group]);
    const [pid] = fleet
      .sql("select pid from pg_stat_activity where application_name like '%a decisions'")
      .split("\n");
    fleet.sql(`select pg_terminate_backend(${pid})`);
    expect(await a.appendEach([group])).toEqual(first);
    expect(await history(a)).toHaveLength(1);
  });
});

describe("an engine that is away", () => {
  test("calls wait for it, then say so; afterwards they go on", async () => {
    const impatient = fleet.engine({ giveUpMs: 300 });
    const id = newId();
    await fleet.server.halt("immediate");
    const away = impatient.append([submit(id)], token());
    // The server was down all the time: nothing can have been recorded.
    await expect(away).rejects.toMatchObject({ name: "EngineAwayError", mayBeRecorded: false });
    const { message } = (await away.catch((error: Error) => error)) as Error;
    expect(message).toContain("does not answer");
    expect(message).not.toContain(fleet.server.password);
    const patient = a.append([submit(id)], token());
    await fleet.server.restart();
    await patient;
    await expect(impatient.append([submit(id)], token())).rejects.toThrow(OvertakenError);
  });

  test("a call that hangs ends too, and does not hold up the next", async () => {
    const impatient = fleet.engine({ giveUpMs: 3000, name: "impatient" });
    await impatient.queries.countsByState();
    await impatient.drain("a", false);
    const backend =
      "select pid from pg_stat_activity where application_name = 'liveops impatient decisions'";
    const stopped = Number(fleet.sql(backend));
    expect(stopped).toBeGreaterThan(1);
    process.kill(stopped, "SIGSTOP");
    try {
      await expect(impatient.drain("a", true)).rejects.toMatchObject({ mayBeRecorded: true });
      expect(await impatient.drain("a", false)).toBe(true);
    } finally {
      process.kill(stopped, "SIGCONT");
    }
  });
});
