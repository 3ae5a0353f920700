/** `liveops notify`: channels in the config file, bad input, secrets that are never shown, and a daemon that sends. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { until } from "../../../end-to-end/until.js";
import { useWorld } from "../../../end-to-end/world.js";
import { HttpSink } from "../notice-servers.js";

const world = useWorld();
const config = join(world.dir, "config", "liveops", "config.json");
const notify = (...words: string[]) => world.liveops(["notify", ...words]);
const channels = () => JSON.parse(readFileSync(config, "utf8")).notify;

test("a channel is added, tried, listed and removed, and its secret is nowhere", async () => {
  await using sink = await HttpSink.start();
  const none = await notify();
  expect(none).toMatchObject({
    code: 0,
    stdout: "",
    stderr: expect.stringContaining("there are no channels"),
  });
  const secret = "tk_nobody_reads_this";
  writeFileSync(join(world.work, "token"), `${secret}\n`);
  const words = ["add", "ntfy", "topic=builds", `server=${sink.url}`, "token=file:token", "--name", "phone"];
  const added = await notify(...words, "--quiet", "03:00-03:01", "--events", "failed,trouble");
  expect(added).toMatchObject({
    code: 0,
    stdout: "phone\n",
    stderr: expect.stringMatching(/notify: in effect; the daemon .*\n.*try it: liveops notify test phone/),
  });
  expect(channels()).toEqual({
    phone: {
      ntfy: { topic: "builds", server: sink.url, token: `file:${join(world.work, "token")}` },
      events: ["failed", "trouble"],
      quiet: "03:00-03:01",
    },
  });
  expect(statSync(config).mode & 0o777).toBe(0o600);
  expect(await notify("test", "phone")).toMatchObject({ code: 0, stdout: "phone\n", stderr: "" });
  expect(sink.posted[0]!.headers.authorization).toBe(`Bearer ${secret}`);
  const id = await world.submit("shell", "--", "sh", "-c", "exit 3");
  await until("the notice arrives", () => sink.posted.length === 2);
  expect(sink.bodies("/")[1]).toMatchObject({
    title: expect.stringContaining("Failed: "),
    message: expect.stringContaining(`$ liveops retry ${id}`),
  });

  sink.answer = { status: 403, body: `bad token ${secret}` };
  const failed = await notify("test", "phone", "phon");
  expect(failed).toMatchObject({ code: 4, stdout: "" });
  expect(failed.stderr).toMatch(
    /the channel phone does not work: .* replied with 403: bad token \*\*\*; check/,
  );
  expect(failed.stderr).toContain('there is no channel "phon"; channels: phone');
  expect((await notify("test", "phone")).code).toBe(1);

  // The next failure waits, and `status` says why.
  await world.submit("shell", "--", "false");
  await until("the daemon says so", async () => (await world.client.daemon()).channels[0]?.problem);
  const status = (await world.liveopsd(["status"])).stdout;
  expect(status).toContain("the channel phone does not");
  expect(status).toMatch(/channels {4}phone \(ntfy\), 1 notice waiting/);
  const list = await notify("ls");
  expect(list.stdout).toMatch(/^CHANNEL +KIND +TO +EVENTS +QUIET +WAITING +NOTE\nphone +ntfy +builds at /);
  const [json] = JSON.parse((await notify("ls", "--json")).stdout);
  expect(json).toMatchObject({ channel: "phone", kind: "ntfy", daemon: { waiting: 1, sent: 1 } });
  const logs = ["liveopsd.log", "notices.ndjson", "state.json"].map((file) =>
    readFileSync(join(world.state, file), "utf8"),
  );
  for (const text of [...logs, list.stdout, JSON.stringify(json), failed.stderr, status])
    expect(text).not.toContain(secret);

  expect(await notify("rm", "phone", "mail")).toMatchObject({
    code: 4,
    stdout: "phone\n",
    stderr: expect.stringMatching(/there is no channel "mail"; there are none; add one: .*\n.*in effect/),
  });
  expect(channels()).toEqual({});
  expect((await world.client.daemon()).channels).toEqual([]);
});

describe("bad input changes nothing", () => {
  const secret = "xoxb-my-secret";
  test.each([
    [["add", "slack", `url=https://hooks.slack.com/${secret}`], "slack: url must be env:NAME or file:PATH"],
    [
      ["add", "ntfy", "topic=a", "server=http://box.example", "token=env:T"],
      "its server must be an https URL",
    ],
    [["add", "ntfy", "topic=x", "--quiet", "22-7"], 'quiet must be hours such as "22:00-07:00"'],
    [["add", "ntfy", "topic=x", "--name", "My Phone"], "must be a name of lower-case letters"],
    [["list"], "did you mean: liveops notify ls?"],
  ])("%j", async (words, problem) => {
    const ended = await notify(...words);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(problem);
    expect(ended.stderr).not.toContain(secret);
    expect(channels()).toEqual({});
  });

  test("a config file that cannot be written", async () => {
    const file = world.write("a-file", "");
    const ended = await world.liveops(["notify", "add", "desktop"], {
      env: { LIVEOPS_CONFIG: join(file, "config.json") },
    });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain("the config file cannot be written");
  });

  test("a channel of the same name, without --replace", async () => {
    expect((await notify("add", "desktop")).code).toBe(0);
    const ended = await notify("add", "desktop");
    expect(ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("there is a channel desktop already"),
    });
    expect((await notify("add", "desktop", "--replace", "--op", "backup*,prune")).code).toBe(0);
    expect(channels()).toEqual({ desktop: { desktop: {}, op: ["backup*", "prune"] } });
    await notify("rm", "desktop");
  });

  test("a variable that the daemon does not have is said at once", async () => {
    const ended = await notify("add", "webhook", "url=env:NO_SUCH_URL");
    expect(ended).toMatchObject({ code: 0, stdout: "webhook\n" });
    expect(ended.stderr).toContain("the daemon's environment has no variable NO_SUCH_URL");
    await notify("rm", "webhook");
  });

  test("a channel with two kinds in the file is refused with its place", async () => {
    const before = readFileSync(config, "utf8");
    writeFileSync(config, '{"notify": {"a": {"desktop": {}, "ntfy": {"topic": "x"}}}}');
    const ended = await world.liveopsd(["reload"]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(`${config}:1:18: notify a must have exactly one of ntfy, slack,`);
    writeFileSync(config, before);
    expect((await world.liveopsd(["reload"])).code).toBe(0);
  });
});

test("a prompt that nobody answers is told, one that is answered is not", async () => {
  await using sink = await HttpSink.start();
  await notify("add", "webhook", `url=${sink.url}/hook`, "--events", "input");
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
  await notify("rm", "webhook");
});

test("with no daemon, the list is that of the file, and a test says how to start one", async () => {
  await notify("add", "desktop");
  await world.liveopsd(["stop"]);
  expect((await notify("ls", "-o", "name")).stdout).toBe("desktop\n");
  expect(await notify("test", "desktop")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("liveops start"),
  });
  const unset = await notify("add", "slack", "url=env:NO_SUCH_URL");
  expect(unset.stderr).toContain("the variable NO_SUCH_URL is not set here");
});
