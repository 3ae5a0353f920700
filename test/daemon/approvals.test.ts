/**
 * Approval on a real daemon: no worker and no slot, kill -9 while it waits, answers, the end of the
 * time, cancel, retry.
 */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { userName } from "../../protocol/client/client-header.js";
import type { Operation } from "../../protocol/operation.js";
import { until } from "../end-to-end/until.js";
import { useDaemon } from "../harness/daemon.js";

const DEPLOY = `
import { appendFileSync } from "node:fs";
import { LiveOperation, z } from "liveops";

export class Deploy extends LiveOperation {
  static stages = ["Build", "Approve", "Ship"];
  static resumable = true;
  static params = z.object({ dir: z.string(), timeout: z.number().optional(), fallback: z.string().optional() });
  async run(p) {
    const { dir, timeout, fallback } = this.params;
    const did = (what) => appendFileSync(dir + "/did", this.attempt + what + " ");
    await p.stage("Build", () => did("build"));
    try {
      const answer = await p.stage("Approve", () =>
        p.approve("Roll out?", { choices: ["canary", "all", "no"], timeout, default: fallback }));
      await p.stage("Ship", () => {
        did("ship-" + answer);
        if (this.attempt === 2) throw new Error("no ship");
      });
    } finally {
      did("end");
    }
  }
}
`;

const BOTH = `
import { LiveOperation } from "liveops";
export class Both extends LiveOperation {
  static resumable = true;
  async run(p) {
    p.result(await Promise.all([p.approve("A; liveops rm x?", { choices: ["a", "b"], timeout: 3600 }), p.approve("B?")]));
  }
}
`;

const daemon = useDaemon({ ops: { "deploy.mjs": DEPLOY, "both.mjs": BOTH }, concurrency: 1 });

const newDir = () => mkdtempSync(join(daemon.world.dir, "test-"));

async function deploy(params: Record<string, unknown> = {}) {
  const dir = newDir();
  const submit = (more: Record<string, unknown> = {}) =>
    daemon.submit("deploy", { params: { dir, ...params }, ...more });
  const { id } = await submit();
  const asked = (of = id) =>
    until("it waits for approval", async () => {
      const record = await daemon.client.show(of);
      return record.state === "queued" && record.approvals?.at(-1)?.answer === null && record;
    });
  return { id, dir, asked, submit, did: () => readFileSync(join(dir, "did"), "utf8").trim() };
}

const answered = ({ approvals = [] }: Operation) => approvals.map(({ answer }) => answer?.choice);

test("a wait holds no worker and no slot, survives kill -9, and goes on from its stage; its time ends without a daemon", async () => {
  const { id, asked, did } = await deploy();
  const waiting = await asked();
  expect(waiting).toMatchObject({
    blocked: { reason: "approval" },
    attempt: 1,
    pid: null,
    slot: null,
    queuePosition: null,
    currentStage: 1,
    stageStates: { Build: "done", Approve: "active" },
    approvals: [{ stage: "Approve", question: "Roll out?", until: null, answer: null }],
  });
  // The only slot is free.
  const other = await daemon.submit("shell", { params: { args: ["true"] } });
  expect(await daemon.untilFinished(other.id)).toMatchObject({ state: "succeeded" });
  await until("no worker is busy", async () => (await daemon.client.daemon()).workers.busy === 0);

  const timed = await deploy({ timeout: 1, fallback: "canary" });
  const { approvals: open } = await timed.asked();
  await daemon.kill();
  await until("the time is over", () => Date.now() > Date.parse(open![0]!.until!));
  await daemon.startAgain();
  // The default counts, with nobody's name.
  const ended = await daemon.untilFinished(timed.id);
  expect(ended.approvals).toMatchObject([{ answer: { choice: "canary", by: null } }]);
  expect(await asked()).toMatchObject({
    stageStates: waiting.stageStates,
    stageTimes: waiting.stageTimes,
    approvals: waiting.approvals,
    blocked: waiting.blocked,
  });
  // A question is neither queued nor running, wherever it is counted.
  const counts = { queued: 0, running: 0, toAnswer: 1 };
  expect((await daemon.client.daemon()).counts).toMatchObject(counts);
  expect((await daemon.client.queues()).queues).toMatchObject([counts]);
  const file = join(daemon.world.stateDir, "state.json");
  await until(
    "state.json has it",
    () => existsSync(file) && JSON.parse(readFileSync(file, "utf8")).counts.toAnswer === 1,
  );
  await expect(daemon.client.approve(id)).rejects.toThrow(
    'has several choices, "canary", "all", "no"',
  );
  await expect(daemon.client.approve(id, { choice: "canry" })).rejects.toThrow(
    '"canry" is none of the choices',
  );
  await expect(daemon.client.pause(id)).rejects.toThrow(
    `it waits for approval: liveops approve ${id}/1`,
  );
  const taken = await daemon.client.approve(id, { choice: "canary" });
  expect(taken.approvals).toMatchObject([{ answer: { choice: "canary", by: userName() } }]);
  await expect(daemon.client.reject(id)).rejects.toThrow("waits for no approval");
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "failed", attempt: 2 });
  expect(did()).toBe("1build 2ship-canary 2end");

  // What was approved is not asked again by a retry of the stage that failed.
  await daemon.client.retry(id);
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded", attempt: 3 });
  expect(did()).toBe("1build 2ship-canary 2end 3ship-canary 3end");
  const events: string[] = [];
  for await (const { type } of daemon.client.events(id, {}))
    if (type.startsWith("approval:")) events.push(type);
  expect(events).toEqual(["approval:asked", "approval:answered"]);
  // The record still has who answered.
  const { approvals } = await daemon.client.show(id);
  expect(approvals).toMatchObject([{ answer: { choice: "canary", by: userName() } }]);
});

test("questions side by side wait one after the other, and why tells the command", async () => {
  const { id } = await daemon.submit("both", {});
  const asked = (question: string) =>
    until("it asks", async () => {
      const { state, approvals = [] } = await daemon.client.show(id);
      return state === "queued" && approvals.at(-1)?.question === question && approvals;
    });
  expect(await asked("A; liveops rm x?")).toHaveLength(1);
  const { since, until: at } = (await daemon.client.show(id)).approvals![0]!;
  expect(await daemon.client.why(id)).toMatchObject({
    summary: "It waits for approval: A; liveops rm x?",
    waits: [
      {
        what: "it waits for approval: A; liveops rm x?",
        until: `liveops approve ${id}/1 CHOICE`,
        at,
      },
    ],
    next: [
      { command: `liveops approve ${id}/1 CHOICE` },
      { command: `liveops reject ${id}/1` },
      {},
    ],
  });
  await daemon.client.approve(id, { choice: "b", since });
  expect(await asked("B?")).toHaveLength(2);
  // Who still sees the first question does not answer the second one.
  const another = `another question of ${id} waits now: "B?"; answer it with: liveops approve ${id}/2`;
  await expect(daemon.client.approve(id, { choice: "yes", since })).rejects.toThrow(another);
  await expect(daemon.client.reject(id, { since })).rejects.toThrow(another);
  await daemon.client.approve(id);
  expect(await daemon.untilFinished(id)).toMatchObject({
    state: "succeeded",
    result: ["b", "yes"],
  });
  await expect(daemon.client.approve(id)).rejects.toThrow(
    `it has succeeded; "B?" is answered (approved: yes, by ${userName()})`,
  );
});

test("a rejection fails the operation, and a retry asks again, also from the stage", async () => {
  const { id, asked } = await deploy();
  await asked();
  await daemon.client.reject(id);
  expect(await daemon.untilFinished(id)).toMatchObject({
    state: "failed",
    error: { code: "LIVEOPS_REJECTED", message: `rejected by ${userName()}: Roll out?` },
  });
  // It is no failure of the machine, and nothing to do by hand.
  expect(await daemon.client.why(id)).toMatchObject({
    machine: null,
    next: expect.arrayContaining([{ command: `liveops retry ${id}`, does: "asks again" }]),
  });
  await daemon.client.retry(id);
  expect((await asked()).approvals).toHaveLength(1);
  await daemon.client.approve(id, { choice: "all" });
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded" });
});

test("the time for an answer ends although the start was put off meanwhile", async () => {
  const { id, asked } = await deploy({ timeout: 1, fallback: "canary" });
  await asked();
  await daemon.client.edit(id, { notBefore: new Date(Date.now() + 3600_000).toISOString() });
  const answers = await until("the default counts", async () => {
    const { approvals } = await daemon.client.show(id);
    return approvals?.[0]?.answer != null && approvals;
  });
  expect(answers).toMatchObject([{ answer: { choice: "canary", by: null } }]);
  expect(await daemon.client.show(id)).toMatchObject({ state: "queued", attempt: 1 });
});

test("a pipeline keeps its files while it waits, and asks again where a stage before runs again", async () => {
  const dir = newDir();
  const path = join(dir, "p.yaml");
  const text = `stages:
  - { name: Build, run: echo built, when: test -f ${dir}/build }
  - { name: Ask, approve: Go? }
  - { name: Ship, run: test -f ${dir}/go }
finally: echo cleaned
`;
  const { id } = await daemon.submit("pipeline", { params: { text, path } });
  const asked = (attempt: number) =>
    until("it asks", async () => {
      const record = await daemon.client.show(id);
      return record.state === "queued" && record.approvals?.at(-1)?.attempt === attempt && record;
    });
  const printed = async () =>
    (await daemon.client.log(id, { stream: "stdout" })).lines.map((line) => line.text);
  await asked(1);
  expect(await printed()).toEqual([]);
  await daemon.client.approve(id);
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "failed", attempt: 2 });
  writeFileSync(join(dir, "build"), "");
  await daemon.client.retry(id);
  expect(answered(await asked(3))).toEqual(["yes", undefined]);
  await daemon.client.approve(id);
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "failed", attempt: 4 });
  expect(await printed()).toEqual(["cleaned", "built", "cleaned"]);
  // So does a retry from a stage before.
  await daemon.client.retry(id, { from: "Build" });
  expect(answered(await asked(5))).toEqual([undefined]);
  // Who takes the stage as done gives one of its answers.
  await daemon.client.reject(id);
  await daemon.untilFinished(id);
  const done = (approved: string) =>
    daemon.client.retry(id, { done: [{ stage: "Ask", outputs: { approved } }] });
  await expect(done("yse")).rejects.toThrow('"yse" is none of the choices "yes", "no"');
  writeFileSync(join(dir, "go"), "");
  await done("yes");
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded" });
});

test("a retry of an agent keeps the questions: done, params and current that take one away are refused", async () => {
  const dir = newDir();
  const path = join(dir, "p.yaml");
  const write = (ask: string) => {
    const text = `params: { ask: { type: boolean, default: true }, to: { default: eu } }
stages:
  - { name: Build, run: test -f ${dir}/build }
  - ${ask}
  - { name: Call, op: deploy, with: { dir: ${dir} } }
  - { name: Ship, run: echo $to >${dir}/shipped }
`;
    writeFileSync(path, text);
    return text;
  };
  const optional = `{ name: Ask, approve: Go?, when: 'test "$ask" = true' }`;
  const always = "{ name: Ask, approve: Go? }";
  const failed = async (ask: string) => {
    const { id } = await daemon.submit("pipeline", { params: { text: write(ask), path } });
    await daemon.untilFinished(id);
    return id;
  };
  const retry = (id: string, body: object) =>
    daemon.client.retry(id, { keepsQuestions: true, ...body });
  const refused = (id: string, body: object) =>
    expect(retry(id, body)).rejects.toThrow(
      "may ask a person, and this retry may take the question away",
    );
  const done = (stage: string, approved = "yes") => ({
    done: [{ stage, ...(stage === "Ask" && { outputs: { approved } }) }],
  });
  const id = await failed(optional);
  await refused(id, done("Ask"));
  await refused(id, { params: { text: write(optional), path, params: { ask: false } } });
  const plain = await failed(always);
  await refused(plain, done("Call"));
  await refused(plain, { params: { text: "stages: [{ name: Ship, run: 'true' }]", path } });
  for (const other of [
    "{ name: Ask, run: 'true' }",
    "{ name: Ask, approve: Go?, allow_failure: true }",
    "{ name: Ask, approve: Go?, timeout: 1s, default: yes }",
  ]) {
    write(other);
    await refused(plain, { current: true });
  }
  write(always);
  await retry(plain, { current: true, ...done("Build") });
  await until(
    "it asks",
    async () => (await daemon.client.show(plain)).approvals?.at(-1)?.answer === null,
  );
  // A type in code may ask in any stage.
  const { id: code, asked } = await deploy();
  await asked();
  await daemon.client.cancel(code);
  await refused(code, { done: [{ stage: "Approve" }] });
  await refused(code, { params: { dir, fallback: "all" } });
  // A command inside of an operation of an agent's session keeps questions, whatever it asks for.
  const { id: agent } = await daemon.submit("deploy", { session: "agent 1", params: { dir } });
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv("LIVEOPS_OPERATION_ID", agent);
  vi.stubEnv("LIVEOPS_ATTEMPT", "1");
  await expect(daemon.client.retry(code, { params: { dir, fallback: "all" } })).rejects.toThrow(
    "this retry may take the question away",
  );
  await retry(code, {});
  await asked();
});
