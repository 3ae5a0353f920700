/** `liveops audit`, without a daemon: it reads the files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AuditLine } from "../../../../protocol/audit.js";
import { runBin } from "../../../faults/run-bin.js";
import { World } from "../../../harness/world.js";

const LINE: AuditLine = {
  at: "2026-11-25T13:00:00.000Z",
  action: "cancel",
  ids: ["a00000000001"],
  count: 1,
  result: "done",
  uid: 1000,
  client: { claimed: true, pid: 7, command: "liveops cancel", process: { uid: 1000, comm: "node" } },
  key: null,
  details: null,
};

test("the newest lines of both files, what is torn left out, control characters made harmless", async () => {
  const world = new World();
  mkdirSync(world.stateDir, { mode: 0o700 });
  const lines: AuditLine[] = [
    LINE,
    { ...LINE, action: "submit", ids: ["b"], count: 21, client: null },
    { ...LINE, result: "LIVEOPS_WRONG_STATE", client: { ...LINE.client!, process: null } },
    { ...LINE, client: { ...LINE.client!, process: { uid: 1001, comm: "node" } } },
    { ...LINE, action: "retry", details: { from: "Load\u001b[31m" } },
  ];
  const texts = lines.map((line) => `${JSON.stringify(line)}\n`);
  writeFileSync(join(world.stateDir, "audit.1.ndjson"), texts.slice(0, 2).join(""));
  writeFileSync(join(world.stateDir, "audit.ndjson"), `${texts.slice(2).join("")}{"at":"2026`);
  const text = await runBin(world, "liveopsd", ["audit"]);
  expect(text).toMatchObject({ code: 0, stderr: "" });
  const cancel = "2026-11-25 13:00:00 +00:00 cancel";
  const who = "by uid 1000, pid 7 (liveops cancel)";
  expect(text.stdout.split("\n")).toEqual([
    `${cancel} done a00000000001 ${who}`,
    "2026-11-25 13:00:00 +00:00 submit done b and 20 more by uid 1000, no client named",
    `${cancel} LIVEOPS_WRONG_STATE a00000000001 ${who}, no such process`,
    `${cancel} done a00000000001 ${who}, a process of uid 1001`,
    expect.stringMatching(/^\S+ \S+ \S+ retry {2}done a00000000001 from=Load[^\u001b]* by uid 1000/),
    "",
  ]);
  const json = await runBin(world, "liveopsd", ["audit", "-n", "2", "--json"]);
  expect(json.stdout).toBe(texts.slice(-2).join(""));
  const ofId = await runBin(world, "liveopsd", ["audit", "--id", "a000", "-n", "1", "--json"]);
  expect(ofId.stdout).toBe(texts.at(-1));
  const submits = await runBin(world, "liveopsd", ["audit", "--id", "b"]);
  expect(submits.stdout).toMatch(/^\S+ \S+ \S+ submit [^\n]*\n$/);
  const recent = await runBin(world, "liveopsd", ["audit", "--since", "2026-11-25T13:00:00.001Z"]);
  expect(recent).toMatchObject({ code: 0, stdout: "" });
  const all = await runBin(world, "liveopsd", ["audit", "--since", "2026-11-25T13:00:00Z", "--json"]);
  expect(all.stdout).toBe(texts.join(""));
  const bad = await runBin(world, "liveopsd", ["audit", "--since", "soon"]);
  expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining("neither a duration nor a time") });
  const none = await runBin(world, "liveopsd", ["audit", "-n", "two"]);
  expect(none).toMatchObject({ code: 2, stdout: "" });
  await world.close();
});
