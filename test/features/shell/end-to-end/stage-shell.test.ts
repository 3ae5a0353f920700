/**
 * `liveops shell` on a real pty, with real shells: where it stands, what it has, and how it goes
 * on.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { onTerminal } from "../../../end-to-end/terminal.js";
import { useWorld, type World } from "../../../end-to-end/world.js";
import type { OnTerminal } from "../../../harness/on-pty.js";

const world = useWorld();

const SHIP = `name: ship
params:
  region: { default: us }
  token: { type: string, secret: true }
  lost: { type: string, secret: true }
env: { SITE: $region.example.com }
stages:
  - name: Build
    run: echo release=4.2 >>"$LIVEOPS_OUTPUT"
    outputs: [release]
  - name: Publish
    cwd: sub
    env: { TARGET: $SITE/$release }
    run: |
      echo publishing
      test -f ready
      echo "url=http://$TARGET" >>"$LIVEOPS_OUTPUT"
    outputs: [url]
  - name: Ship
    run: [echo, ships, $url]
`;

/** A world as a person's, with files of the shells that set what the stage sets too. */
async function failed(): Promise<string> {
  world.write("work/ship.yaml", SHIP);
  mkdirSync(join(world.work, "sub"), { recursive: true });
  rmSync(join(world.work, "sub/ready"), { force: true });
  world.write("work/token", "s3cret-value\n");
  world.write("work/lost", "another-secret\n");
  const rc = "export TARGET=wrong\nexport OF_RC=mine\n";
  world.write("home/.bashrc", rc);
  world.write("home/.zshrc", `${rc}PROMPT='%# '\n`);
  world.write(
    "config/fish/config.fish",
    "set -gx TARGET wrong\nset -gx OF_RC mine\nset fish_greeting\n",
  );
  const words = [
    `token=file:${join(world.work, "token")}`,
    `lost=file:${join(world.work, "lost")}`,
  ];
  const id = await world.submit("ship.yaml", ...words);
  await world.inState(id, "failed");
  rmSync(join(world.work, "lost"));
  return id;
}

function shell(
  words: string[],
  program = "/bin/bash",
  env: Record<string, string> = {},
): OnTerminal {
  const own = { ...world.env, SHELL: program, TERM: "xterm-256color", ...env };
  return onTerminal({ work: world.work, env: own } as unknown as World, "liveops", [
    "shell",
    ...words,
  ]);
}

const PROMPT = "(liveops Publish)";
const QUESTION = "[r] retry from Publish   [d] take Publish as done   [l] leave:";
const UP = "\x1b[A";

/** An operation that the tests only look at. */
let kept: string;
beforeAll(async () => {
  kept = await failed();
});

const shellDirs = () =>
  readdirSync(join(world.dir, "tmp")).filter((name) => name.startsWith("liveops-shell-"));

describe.each([
  ["bash", "/bin/bash", true],
  ["zsh", "/usr/bin/zsh", true],
  ["fish", "/usr/bin/fish", true],
  ["sh", "/bin/sh", false],
] as const)("%s", (name, program, hasHistory) => {
  const tags = name === "zsh" || name === "fish" ? [name] : [];

  test("it stands where the stage failed, with what the stage had, and the command in its history", {
    tags,
  }, async () => {
    const dirs = shellDirs();
    await using terminal = shell([kept], program);
    const { screen } = terminal;
    const before = await screen.until(PROMPT);
    expect(before).toContain('attempt 1, Publish: "Publish" exited with 1 at ');
    expect(before).toContain("$ test -f ready");
    expect(before).toMatch(/left out: the secret lost cannot be read/);
    expect(before).not.toContain("another-secret");
    terminal.press('echo "<$TARGET,$release,$region,$token,$OF_RC,$LIVEOPS_STAGE>"\r');
    const values = `<us.example.com/4.2,4.2,us,s3cret-value,${hasHistory ? "mine" : ""},Publish>`;
    await screen.until(new RegExp(`\n${values} *\n\\(liveops Publish\\)[^\n]*$`));
    terminal.press("pwd\r");
    await screen.until(/\n\S*\/work\/sub *\n\(liveops Publish\)[^\n]*$/);
    if (hasHistory) {
      // Above the two that were typed here.
      terminal.press(UP.repeat(3));
      await screen.until(/\(liveops Publish\)[^\n]*test -f ready\s*$/);
      terminal.press("\x15");
    }
    terminal.press("exit\r");
    await screen.until(QUESTION);
    terminal.press("l");
    expect(await terminal.exited).toBe(0);
    expect((await world.client.show(kept)).attempt).toBe(1);
    expect(shellDirs()).toEqual(dirs);
  });
});

test("what the person wrote to $LIVEOPS_OUTPUT is the output of the stage that is taken as done", async () => {
  const id = await failed();
  await using terminal = shell([id.slice(0, 5)]);
  const { screen } = terminal;
  await screen.until(PROMPT);
  terminal.press("echo url=http://me >>$LIVEOPS_OUTPUT\rexit 7\r");
  await screen.until(QUESTION);
  world.write("work/lost", "another-secret\n");
  // Another key is no answer.
  terminal.press("x");
  terminal.press("d");
  await screen.until("output url [http://me]:");
  terminal.press("\r");
  await screen.until(`${id} is queued again`);
  expect(await terminal.exited).toBe(0);
  expect(await world.finished(id)).toMatchObject({ state: "succeeded", attempt: 2 });
  expect(await world.lines(id)).toContain("ships http://me");
});

test("retry runs from the stage; an output that nobody wrote is asked for", async () => {
  const id = await failed();
  await using retried = shell([id]);
  await retried.screen.until(PROMPT);
  retried.press("exit\r");
  await retried.screen.until(QUESTION);
  retried.press("d");
  await retried.screen.until("output url:");
  // Without a value it is asked again; Ctrl-D leaves.
  retried.press("\r");
  retried.press("\x04");
  expect(await retried.exited).toBe(0);
  expect((await world.client.show(id)).attempt).toBe(1);

  // The stage that is named has not failed.
  await using before = shell([id, "--stage", "Build"]);
  await before.screen.until("(liveops Build)");
  expect(before.screen.text()).toContain("attempt 1, Build: done");
  before.press("exit\r");
  await before.screen.until("[l] leave:");
  before.press("l");
  expect(await before.exited).toBe(0);

  world.write("work/lost", "another-secret\n");
  await using terminal = shell([id, "--stage", "Publish"]);
  const { screen } = terminal;
  await screen.until(PROMPT);
  expect(screen.text()).not.toContain("left out");
  terminal.press("touch ready\rexit\r");
  await screen.until(QUESTION);
  terminal.press("r");
  await screen.until("is queued again");
  expect(await world.finished(id)).toMatchObject({ state: "succeeded", attempt: 2 });
  expect(await world.lines(id)).toContain("ships http://us.example.com/4.2");
  // It has succeeded: there is nothing to ask.
  await using looked = shell([id, "--stage", "Ship"]);
  await looked.screen.until("(liveops Ship)");
  expect(looked.screen.text()).toContain("$ echo ships http://us.example.com/4.2");
  looked.press("exit\r");
  expect(await looked.exited).toBe(0);
  expect(looked.screen.text()).not.toContain("[r]");
});

test("a step of each has its values, and Ctrl-C in the shell ends nothing but its command", async () => {
  world.write(
    "work/each.yaml",
    "stages: [{ name: Check, each: { lang: [de, fr] }, env: { SEEN: <$lang> }, run: 'echo $lang; test $lang = de' }]\n",
  );
  const id = await world.submit("each.yaml");
  await world.inState(id, "failed");
  await using other = shell([id, "--stage", "Check/de"]);
  expect(await other.screen.until("(liveops Check/de)")).not.toContain("exited with");
  other.press("exit\r");
  await other.screen.until("[l] leave:");
  other.press("l");
  await using terminal = shell([id]);
  const { screen } = terminal;
  await screen.until("(liveops Check/fr)");
  terminal.press("sh -c 'echo be''gun; exec sleep 600'\r");
  await screen.until("begun");
  terminal.press("\x03");
  await screen.until(/\^C\s+\(liveops/);
  terminal.press('echo "it is $SEEN of $LIVEOPS_STEP"\r');
  await screen.until("it is <fr> of fr");
  terminal.press("\x04");
  await screen.until("[d] take Check/fr as done");
  terminal.press("d");
  await screen.until("is queued again");
  expect(await world.finished(id)).toMatchObject({ state: "succeeded" });
});

test("a stage that runs no command of its own has none in the history", async () => {
  const steps = "[{ name: a, run: 'true' }, { name: b, run: 'true' }]";
  world.write(
    "work/both.yaml",
    `stages: [{ name: Both, parallel: ${steps} }, { name: End, run: 'false' }]\n`,
  );
  const id = await world.submit("both.yaml");
  await world.inState(id, "failed");
  await using terminal = shell([id, "--stage", "Both"]);
  const before = await terminal.screen.until("(liveops Both)");
  expect(before).not.toContain("the up key");
  expect(before).not.toMatch(/^\$ *$/m);
  terminal.press("exit\r");
  await terminal.screen.until("[l] leave:");
  terminal.press("l");
  expect(await terminal.exited).toBe(0);
});

const CODE = `import { LiveOperation } from "liveops";
export class Breaks extends LiveOperation {
  static stages = ["Load"];
  run(p) { return p.stage("Load", () => { throw new Error("no"); }); }
}
`;

test("an operation in code has directory and variables; its type may be gone", async () => {
  const file = world.write("config/liveops/ops/breaks.mjs", CODE);
  const id = await world.submit("breaks", "--env", "OWN=1");
  await world.inState(id, "failed");
  rmSync(file);
  await using terminal = shell([id]);
  const { screen } = terminal;
  await screen.until("(liveops Load)");
  terminal.press('echo "<$OWN $LIVEOPS_STAGE $LIVEOPS_OPERATION_ID>"; pwd\r');
  await screen.until(`<1 Load ${id}>`);
  terminal.press("exit\r");
  // Its type does not tell any more whether it is resumable.
  await screen.until("[r] retry   [l] leave:");
  terminal.press("\r");
  expect(await terminal.exited).toBe(0);
});

test("a shell that is not there is said, and leaves nothing behind", async () => {
  const dirs = shellDirs();
  await using terminal = shell([kept], join(world.work, "missing/zsh"));
  await terminal.screen.until("cannot be started in");
  await terminal.screen.until("take another one: SHELL=/bin/sh liveops shell");
  expect(await terminal.exited).toBe(2);
  expect(shellDirs()).toEqual(dirs);
});

test("no terminal, a running operation, a wrong stage and a directory that is gone are said at once", async () => {
  const id = kept;
  expect(await world.liveops(["shell", id])).toMatchObject({ code: 2, stdout: "" });
  expect((await world.liveops(["shell", id, "--stage", "Build"])).stderr).toContain(
    `a shell needs a terminal, and this is none; in a terminal run: liveops shell ${id} --stage Build`,
  );
  const said = async (words: string[], code: number, text: string, env = {}) => {
    await using terminal = shell(words, "/bin/bash", env);
    expect(await terminal.exited).toBe(code);
    // The terminal breaks a long path anywhere.
    const joined = (each: string) => each.replace(/\s+/g, "");
    expect(joined(terminal.screen.text())).toContain(joined(text));
  };
  await said(
    [id, "--stage", "Publsh"],
    2,
    '"Publsh" is not a stage of pipeline; did you mean Publish?',
  );
  await said(
    [id, "--stage", "Publish/x"],
    2,
    '"x" is not a step of the stage "Publish"; it had no steps',
  );
  await said(["zzz"], 4, "zzz");
  const running = await world.submit("shell", "--", "sleep", "600");
  // Before it has a process, it may go back into the queue: its worker can be gone.
  await world.record(running, ({ pid }) => pid !== null);
  await said([running], 5, `shell ${running} is running: a shell needs a finished operation`);
  await world.client.cancel(running);
  renameSync(join(world.work, "sub"), join(world.work, "moved"));
  await said(
    [id],
    2,
    `make it again: mkdir -p ${join(world.work, "sub")}, then: liveops shell ${id}`,
  );
  renameSync(join(world.work, "moved"), join(world.work, "sub"));
  expect(existsSync(join(world.work, "sub"))).toBe(true);
});

test("over ssh, the same command runs on that machine, on this terminal", async () => {
  const ssh = world.write("bin/ssh", '#!/bin/sh\necho "ran: $*"\ntest -t 0 && exit 9\n');
  chmodSync(ssh, 0o755);
  await using terminal = shell(
    ["--host", "ssh://ann@box:22", "k3f", "--stage", "Check it"],
    "/bin/bash",
    {
      LIVEOPS_SSH_COMMAND: ssh,
    },
  );
  expect(await terminal.exited).toBe(9);
  expect(terminal.screen.text()).toContain(
    "ran: -t -p 22 -- ann@box liveops shell k3f --stage 'Check it'",
  );
});

test("the dashboard gives the terminal away with :shell, and takes it back whole", async () => {
  const id = await failed();
  await using terminal = onTerminal(
    { work: world.work, env: { ...world.env, SHELL: "/bin/bash" } } as unknown as World,
    "liveops-tui",
    [id],
  );
  const { screen } = terminal;
  await screen.until(/✗ Publish/);
  terminal.press(":shell\r");
  await screen.until(PROMPT);
  expect(screen.alternate).toBe(false);
  terminal.press("echo url=http://me >>$LIVEOPS_OUTPUT\rexit\r");
  await screen.until(QUESTION);
  world.write("work/lost", "another-secret\n");
  terminal.press("d");
  await screen.until("output url [http://me]:");
  terminal.press("\r");
  await screen.until("done by hand by");
  await screen.until("─ succeeded");
  expect(screen.alternate).toBe(true);
  // What refuses stays until it is read.
  const other = await failed();
  renameSync(join(world.work, "sub"), join(world.work, "moved"));
  terminal.press("q");
  expect(await terminal.exited).toBe(0);
  await using second = onTerminal(world, "liveops-tui", [other]);
  await second.screen.until(/✗ Publish/);
  second.press(":shell\r");
  await second.screen.until("does not exist any more");
  await second.screen.until("Enter returns to the dashboard");
  second.press("\r");
  await second.screen.until(/✗ Publish/);
  expect(second.screen.alternate).toBe(true);
  second.press("q");
  expect(await second.exited).toBe(0);
  expect(second.screen.faults).toEqual([]);
  renameSync(join(world.work, "moved"), join(world.work, "sub"));
});
