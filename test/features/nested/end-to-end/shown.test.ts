/**
 * What people see of an operation inside of another one, through the built bins: lists, records,
 * exports and actions.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../end-to-end/until.js";
import { useWorld } from "../../../end-to-end/world.js";

const world = useWorld({ daemon: false });
const at = (name: string) => join(world.work, name);
const run = async (...words: string[]) => (await world.liveops(words)).stdout;

test("lists, show and export have it inside of the outer one, and actions of the config file run once", async () => {
  const on = { finish: "echo $LIVEOPS_OPERATION_ID >> finished" };
  world.write("config/liveops/config.json", JSON.stringify({ on }));
  await world.startDaemon();
  writeFileSync(
    at("build.yaml"),
    "name: build\nstages:\n  - { name: Compile, run: echo compiled }\n",
  );
  writeFileSync(
    at("release.yaml"),
    "name: release\nstages:\n  - { name: Build, op: build.yaml }\n",
  );
  const id = (await run("submit", "release.yaml")).trim();
  await world.finished(id);

  const { operations } = await world.client.list({ parent: id });
  expect(operations).toHaveLength(1);
  const inner = operations[0]!.id;
  expect(await run("ls", "-o", "name")).toBe(`${id}\n`);
  expect((await run("ls", "--children", "-o", "name")).split("\n")).toContain(inner);
  expect(await run("show", id)).toContain(`Build  ${inner}  pipeline  ✓ succeeded`);
  expect(await run("show", inner)).toContain(`inside of   ${id}, Build`);
  const exported = JSON.parse(await run("export", id)) as {
    operations: { record: { id: string } }[];
  };
  expect(exported.operations.map(({ record }) => record.id)).toEqual([id, inner]);

  const finished = join(world.dir, "home", "finished");
  await until(
    "the action ran",
    () => existsSync(finished) && readFileSync(finished, "utf8") !== "",
  );
  expect(readFileSync(finished, "utf8")).toBe(`${id}\n`);
});
