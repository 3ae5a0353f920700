/**
 * Retries that go on differently, on a real daemon: stages and steps done by hand, and other
 * parameters.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Client } from "../../protocol/client/client.js";
import type { Operation } from "../../protocol/operation.js";
import { useDaemon } from "../harness/daemon.js";

/** Each stage notes that it ran. `Ship` fails until the file `open` is there. */
const RELEASE = `name: release
params:
  dir: { required: true }
  region: { default: us, enum: [us, eu] }
env: { OUT: $dir/ran }
stages:
  - name: Build
    run: |
      echo "build $region" >>"$OUT"
      echo version=1 >>"$LIVEOPS_OUTPUT"
    outputs: [version]
  - name: Publish
    when: test -d "$dir"
    run: |
      echo publish >>"$OUT"
      exit 3
    outputs: [url]
  - name: Check
    parallel:
      - { name: unit, run: 'echo unit >>"$OUT"' }
      - { name: smoke, run: 'echo smoke >>"$OUT"; test -f "$dir/smoke"' }
    at_once: 1
    on_failure: finish
  - name: Ship
    run: |
      echo "ship $version $url" >>"$OUT"
      test -f "$dir/open"
`;

const CODE = `
import { appendFileSync } from "node:fs";
import { LiveOperation, z } from "liveops";

export class Move extends LiveOperation {
  static stages = ["Copy", "Check"];
  static resumable = true;
  static params = z.object({ dir: z.string(), depth: z.number().default(1) });
  async run(p) {
    const copied = await p.stage("Copy", () => { throw new Error("no copy"); });
    await p.stage("Check", () => {
      appendFileSync(this.params.dir + "/ran", JSON.stringify(copied ?? null) + "\\n");
      if (this.attempt < 3) throw new Error("not yet");
    });
    p.result(copied ?? null);
  }
}

export class Plain extends LiveOperation {
  static stages = ["Copy"];
  run(p) { return p.stage("Copy", () => { throw new Error("no copy"); }); }
}
`;

const daemon = useDaemon({ ops: { "release.yaml": RELEASE, "move.mjs": CODE } });
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(daemon.world.dir, "release-"));
});

const ran = () => readFileSync(join(dir, "ran"), "utf8").trim().split("\n");
const open = (name: string) => writeFileSync(join(dir, name), "");

async function failed(op: string): Promise<string> {
  const { id } = await daemon.submit(op, op === "plain" ? {} : { params: { dir } });
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "failed" });
  return id;
}

const reasons = ({ stageTimes }: Operation) =>
  Object.fromEntries(Object.entries(stageTimes).map(([stage, { reason }]) => [stage, reason]));

test("what is wrong is refused, and a stage and a step done by hand do not run, also after kill -9 and in later attempts", async () => {
  const id = await failed("release");
  expect(ran()).toEqual(["build us", "publish"]);
  const before = await daemon.client.show(id);
  const refused = async (settings: Parameters<Client["retry"]>[1], text: string) =>
    expect(daemon.client.retry(id, settings)).rejects.toThrow(text);
  await refused(
    { done: [{ stage: "Publsh" }] },
    '"Publsh" is not a stage of release; did you mean Publish?',
  );
  await refused(
    { done: [{ stage: "Publish" }] },
    'what comes after "Publish" uses its output url; give the value: --done "Publish" --output url=…',
  );
  await refused(
    { done: [{ stage: "Publish", outputs: { ur: "x" } }] },
    '"Publish" has no output "ur"; its outputs: url',
  );
  await refused(
    { done: [{ stage: "Ship", outputs: { x: "1" } }] },
    '"Ship" has no output "x"; it declares none',
  );
  await refused({ set: ["region=mars"] }, "region takes one of us, eu, not");
  await refused({ set: ["regin=us"] }, "Did you mean region?");
  expect(await daemon.client.show(id)).toEqual(before);

  await daemon.client.retry(id, { done: [{ stage: "Publish", outputs: { url: "http://x" } }] });
  const second = await daemon.untilFinished(id);
  expect(ran().slice(2)).toEqual(["unit", "smoke"]);
  expect(second.stageStates).toEqual({ Build: "done", Publish: "done", Check: "failed" });
  expect(reasons(second).Build).toBe("done in attempt 1");
  expect(reasons(second).Publish).toMatch(
    /^done by hand by [\w.-]+, \d{4}-\d\d-\d\d \d\d:\d\d UTC$/,
  );

  await daemon.kill();
  await daemon.startAgain();
  await daemon.client.retry(id, { done: [{ stage: "Check/smoke" }] });
  const third = await daemon.untilFinished(id);
  expect(ran().slice(4)).toEqual(["ship 1 http://x"]);
  const by = reasons(second).Publish;
  expect(reasons(third).Publish).toBe(by);
  expect(
    third.steps!.Check!.map(({ name, state, reason }) => [name, state, reason?.slice(0, 12)]),
  ).toEqual([
    ["unit", "done", "done in atte"],
    ["smoke", "done", "done by hand"],
  ]);

  // A retry from a stage after what was done by hand does not forget it; one from a stage before
  // does.
  await daemon.client.retry(id, { from: "Ship" });
  const fourth = await daemon.untilFinished(id);
  expect(reasons(fourth)).toMatchObject({
    Build: "done in attempt 1",
    Publish: by,
    Check: "done in attempt 3",
  });
  expect(ran().slice(5)).toEqual(["ship 1 http://x"]);
  const publish = { stage: "Publish", outputs: { url: "u" } };
  // Also where the retry itself takes a stage as done.
  await daemon.client.retry(id, { from: "Build", done: [publish] });
  await daemon.untilFinished(id);
  expect(ran().slice(6)).toEqual(["build us", "unit", "smoke"]);
  await daemon.client.retry(id, { from: "Publish" });
  await daemon.untilFinished(id);
  expect(ran().slice(9)).toEqual(["publish"]);
  open("open");
  await daemon.client.retry(id, { done: [publish, { stage: "Check" }] });
  const last = await daemon.untilFinished(id);
  expect(last).toMatchObject({
    state: "succeeded",
    result: { outputs: { version: "1", url: "u" } },
  });
  expect(ran().slice(10)).toEqual(["ship 1 u"]);
  const retried = [];
  for await (const event of daemon.client.events(id))
    if (event.type === "operation:retried") retried.push(event);
  expect(retried[0]).toMatchObject({
    done: [{ stage: "Publish", outputs: { url: "http://x" }, by: expect.any(String) }],
  });
});

test("other parameters repeat the stages that are done, except those done by hand then, by the text of the submit", async () => {
  daemon.world.writeOp("edited.yaml", RELEASE.replace("release", "edited"));
  const id = await failed("edited");
  daemon.world.writeOp("edited.yaml", "name: edited\nstages: [{ name: Other, run: 'true' }]\n");
  const { params } = await daemon.client.retry(id, {
    set: ["region=eu"],
    done: [{ stage: "Publish", outputs: { url: "u" } }],
  });
  expect(params).toMatchObject({ region: "eu" });
  const second = await daemon.untilFinished(id);
  expect(ran().slice(2)).toEqual(["build eu", "unit", "smoke"]);
  expect(reasons(second).Build).toBe("the parameters changed");
  await daemon.client.retry(id, { set: ["region=us"] });
  const third = await daemon.untilFinished(id);
  expect(reasons(third)).toMatchObject({
    Build: "the parameters changed",
    Publish: "the parameters changed",
  });
  // The same value changes nothing.
  open("smoke");
  const publish = { stage: "Publish", outputs: { url: "u" } };
  await daemon.client.retry(id, { set: ["region=us"], done: [publish] });
  expect(reasons(await daemon.untilFinished(id)).Build).toBe("done in attempt 3");
});

test("the value of a stage in code is the outputs, or undefined", async () => {
  const id = await failed("move");
  await daemon.client.retry(id, { done: [{ stage: "Copy" }] });
  expect(reasons(await daemon.untilFinished(id)).Copy).toContain("done by hand");
  await daemon.client.retry(id, {
    set: ["depth=2"],
    done: [{ stage: "Copy", outputs: { path: "/x" } }],
  });
  expect(await daemon.untilFinished(id)).toMatchObject({
    state: "succeeded",
    result: { path: "/x" },
  });
  expect(ran()).toEqual(["null", '{"path":"/x"}']);

  const plain = await failed("plain");
  await expect(daemon.client.retry(plain, { done: [{ stage: "Copy" }] })).rejects.toThrow(
    "plain is not resumable, so no stage of it can be taken as done by hand",
  );
});
