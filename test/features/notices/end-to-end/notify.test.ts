/** The channels of the config file: secrets that are never shown, and a daemon that sends. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../end-to-end/until.js";
import { useWorld } from "../../../end-to-end/world.js";
import { HttpSink } from "../notice-servers.js";

const world = useWorld();
const config = join(world.dir, "config", "liveops", "config.json");

async function notify(channels: object): Promise<void> {
  writeFileSync(config, JSON.stringify({ notify: channels }));
  expect(await world.liveopsd(["restart"])).toMatchObject({ code: 0 });
}

test("a channel sends, says why it cannot, and its secret is nowhere", async () => {
  await using sink = await HttpSink.start();
  const secret = "tk_nobody_reads_this";
  const token = join(world.work, "token");
  writeFileSync(token, `${secret}\n`);
  await notify({ phone: { ntfy: { topic: "builds", server: sink.url, token: `file:${token}` } } });
  const id = await world.submit("shell", "--", "sh", "-c", "exit 3");
  await until("the notice arrives", () => sink.posted.length === 1);
  expect(sink.posted[0]!.headers.authorization).toBe(`Bearer ${secret}`);
  expect(sink.bodies("/")[0]).toMatchObject({
    title: expect.stringContaining("Failed: "),
    message: expect.stringContaining(`$ liveops retry ${id}`),
  });
  // The next failure waits, and `status` says why.
  sink.answer = { status: 403, body: `bad token ${secret}` };
  await world.submit("shell", "--", "false");
  await until("the daemon says so", async () => (await world.client.daemon()).channels[0]?.problem);
  const status = (await world.liveopsd(["status"])).stdout;
  expect(status).toMatch(/the channel phone does not .* replied with 403: bad token \*\*\*; check/);
  expect(status).toMatch(/channels {4}phone \(ntfy\), 1 notice waiting/);
  const logs = ["liveopsd.log", "notices.ndjson", "state.json"].map((file) =>
    readFileSync(join(world.state, file), "utf8"),
  );
  for (const text of [...logs, status]) expect(text).not.toContain(secret);
});

test("a channel with two kinds in the file is refused with its place", async () => {
  writeFileSync(config, '{"notify": {"a": {"desktop": {}, "ntfy": {"topic": "x"}}}}');
  const ended = await world.liveopsd(["restart"]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(`${config}:1:18: notify a must have exactly one of ntfy, slack,`);
});

test("a prompt that nobody answers is told, one that is answered is not", async () => {
  await using sink = await HttpSink.start();
  await notify({ hook: { webhook: { url: `${sink.url}/hook` }, events: ["input"] } });
  const ask = (name: string) =>
    world.submit("shell", "--tty", "--label", name, "--", "sh", "-c", "printf 'Name? '; read name");
  const [answered, open] = [await ask("answered"), await ask("open")];
  for (const id of [answered, open]) await world.record(id, (it) => it.waitingForInput !== null);
  await world.client.input(answered, { text: "me\r" });
  await world.inState(answered, "succeeded");
  await until("the notice arrives", () => sink.posted.length > 0);
  expect(sink.bodies("/hook").map(({ type, subject, data }) => [type, subject, data.reason[0]])).toEqual([
    ["liveops.input", open, "Name?"],
  ]);
  await world.client.cancel(open);
});
