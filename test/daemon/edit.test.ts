/** An edit of a queued operation with a real daemon: the type reads the parameters, watchers see it, a crash keeps it. */
import { expect, test } from "vitest";
import { TestDaemon } from "../harness/daemon.js";

const OPS = {
  "work.mjs": `
    import { LiveOperation, z } from "liveops";
    export class Deploy extends LiveOperation {
      static params = z.object({ host: z.string(), parts: z.array(z.string()).default(["all"]), port: z.number().default(22) });
      static title = async ({ host, port }) => "Deploy to " + host + ":" + port;
      static stages = ({ parts }) => parts;
      static resultText = ({ env }) => "with " + env;
      async run(p) {
        for (const part of this.params.parts) await p.stage(part, () => {});
        p.result({ params: this.params, env: process.env.COLOUR ?? null, cwd: process.cwd(), label: this.label });
      }
    }`,
};

test("is read by the type, seen by watchers, kept over a killed daemon, and is what runs", async () => {
  await using daemon = await TestDaemon.start({ ops: OPS, words: ["--paused"] });
  const env = { COLOUR: "red", PATH: process.env.PATH ?? "" };
  const { id } = await daemon.submit("deploy", { params: { host: "old", port: 23 }, env, label: "before" });

  const watching = daemon.client.watch({ operation: id });
  expect((await watching.next()).value).toMatchObject({ operations: [{ title: "Deploy to old:23" }] });
  const set = ["host=new", "parts=one", "parts=two"];
  const edited = await daemon.client.edit(id, {
    set,
    label: "after",
    cwd: daemon.world.dir,
    env: { COLOUR: "blue" },
  });
  expect(edited).toMatchObject({ state: "queued", title: "Deploy to new:23", stages: ["one", "two"] });
  expect(edited.env).toEqual(["COLOUR", "PATH"]);
  expect((await watching.next()).value).toMatchObject({
    type: "changed",
    id,
    patch: {
      params: { host: "new", parts: ["one", "two"], port: 23 },
      title: "Deploy to new:23",
      stages: ["one", "two"],
      label: "after",
      cwd: daemon.world.dir,
    },
  });
  await watching.return(undefined);

  await expect(daemon.client.edit(id, { set: ["port=x"] })).rejects.toMatchObject({
    code: "LIVEOPS_PARAMS_INVALID",
    message: expect.stringContaining("port takes a number"),
  });
  await daemon.kill();
  await daemon.startAgain();
  expect(await daemon.client.show(id)).toMatchObject({ title: "Deploy to new:23", label: "after" });
  await daemon.client.resumeQueue();
  const record = await daemon.untilFinished(id);
  expect(record).toMatchObject({
    state: "succeeded",
    resultText: "with blue",
    stageStates: { one: "done", two: "done" },
    result: {
      params: { host: "new", port: 23, parts: ["one", "two"] },
      env: "blue",
      cwd: daemon.world.dir,
      label: "after",
    },
  });
  await expect(daemon.client.edit(id, { label: "late" })).rejects.toMatchObject({
    code: "LIVEOPS_WRONG_STATE",
    message: expect.stringContaining("cannot be edited: it has succeeded"),
  });
  // What was computed comes from the history too.
  await daemon.stop();
  await daemon.startAgain();
  expect(await daemon.client.show(id)).toEqual(record);
});
