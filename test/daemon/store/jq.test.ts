/**
 * The real jq reads the files of a state directory; the examples of docs/durability.md give the
 * same as the routes.
 */
// @module-tag jq
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { eventually, startDaemon, untilFinished } from "../../faults/start.js";
import type { TestDaemon } from "../../harness/daemon.js";

const page = readFileSync(new URL("../../../docs/durability.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```sh\n(.*?)\n```/gs)].map(([, command]) => command!);

/** The values that the command prints, one a line. */
function run(daemon: TestDaemon, command: string): unknown[] {
  const cwd = daemon.world.stateDir;
  const out = execFileSync("bash", ["-euc", command], {
    cwd,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

function example(start: string): string {
  const found = examples.filter((command) => command.includes(start));
  expect(found).toHaveLength(1);
  return found[0]!;
}

const hasDocument = (daemon: TestDaemon) => existsSync(join(daemon.world.stateDir, "state.json"));

const textOf = (daemon: TestDaemon, dir: string) =>
  readdirSync(join(daemon.world.stateDir, dir))
    .filter((name) => name.endsWith(".ndjson"))
    .map((name) => readFileSync(join(daemon.world.stateDir, dir, name), "utf8"))
    .join("");

test("the examples of docs/durability.md show what the routes show, while the daemon runs and when it is stopped", async () => {
  expect(examples).toHaveLength(6);
  await using daemon = await startDaemon(["dies", "floods", "gate"]);
  const finished: Operation[] = [];
  for (const [op, params, label] of [
    ["floods", { lines: 2 }, 'a "quoted" label\t— 三'],
    ["dies", { way: "exception" }, null],
    ["floods", { lines: 1 }, null],
  ] as const) {
    const { id } = await daemon.submit(op, { params, ...(label && { label }) });
    finished.push(await untilFinished(daemon, id));
  }
  await daemon.client.remove(finished.pop()!.id);
  const id = `id=${finished[0]!.id}\n`;
  const gate = join(daemon.world.dir, "gate");
  const { id: runs } = await daemon.submit("gate", { params: { gate } });
  const events = () => {
    try {
      return run(daemon, `id=${runs}\n${example("workers/")}`) as unknown[][];
    } catch {
      // The file of the worker that died was removed meanwhile.
      return [];
    }
  };
  await eventually("its stage is in the file of its worker", () =>
    events().some(
      ([attempt, type, stage]) => attempt === 1 && type === "stage:entered" && stage === "Wait",
    ),
  );
  await eventually("state.json shows that it runs", () => {
    if (!hasDocument(daemon)) return false;
    const running = run(daemon, example(".operations[]"));
    return JSON.stringify(running) === '[["gate",0]]';
  });
  await daemon.client.cancel(runs);
  await untilFinished(daemon, runs);
  await daemon.client.remove(runs);
  for (const line of run(daemon, "jq -c . workers/*.ndjson"))
    expect(line).toMatchObject({ sum: expect.stringMatching(/^[0-9a-f]{8}$/) });
  const failed = [["dies", finished[1]!.error!.code]];
  const submitted = [
    [1, "floods", finished[0]!.label],
    [expect.any(Number), "dies", null],
    [expect.any(Number), "floods", null],
    [expect.any(Number), "gate", null],
  ];

  const failures = example(".finished[]");
  await eventually("state.json shows the failure and not the removed operation", () => {
    if (!hasDocument(daemon)) return false;
    const ids = run(daemon, "jq -c '.finished | keys_unsorted' state.json")[0] as string[];
    return ids.join() === finished.map(({ id }) => id).join() && run(daemon, failures).length === 1;
  });
  expect(run(daemon, failures)).toEqual(failed);
  expect(run(daemon, example("journal/"))).toEqual(submitted);
  // Room for more records is there, and jq takes it for white space.
  const journal = textOf(daemon, "journal");
  expect(journal).toMatch(/\n\t+$/);
  expect(run(daemon, "jq -c . journal/*.ndjson")).toHaveLength(
    journal.trimEnd().split("\n").length,
  );

  await daemon.stop();
  expect(run(daemon, failures)).toEqual(failed);
  expect(run(daemon, example("journal/"))).toEqual(submitted);
  expect(textOf(daemon, "journal")).toMatch(/\n$/);
  const sealed = run(daemon, id + example("attemptEvents")) as Array<{ type: string }>;
  const types = sealed.map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(["attempt:accepted", "attempt:finished"]));
  const ended = finished.map(({ op, state, seconds }) => [op, state, seconds]);
  expect(run(daemon, example("reduce inputs"))).toEqual(ended);

  await daemon.startAgain();
  expect(run(daemon, example("reduce inputs"))).toEqual(ended);
  const all = ["journal", "history"].map((dir) => `${dir}/*.ndjson`).join(" ");
  for (const line of run(
    daemon,
    `jq -c . ${all} runs/*/*/*.ndjson; jq -c '.finished[]' state.json`,
  ))
    expect(line).toMatchObject({ sum: expect.stringMatching(/^[0-9a-f]{8}$/) });
});
