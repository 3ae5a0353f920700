/**
 * Submitting, retrying, removing and the help: what is sent to the daemon, and what comes of its
 * answers.
 */
import { describe, expect, test } from "vitest";
import { ACTIONS, withKeys } from "../../../tui/dashboard/actions.js";
import { patched, type State } from "../../../tui/dashboard/core/model.js";
import { helpItems, shownItems } from "../../../tui/dashboard/pages/help/help-items.js";
import { answerTo, effectsOf, initial, opened as open, press, screenText, update } from "./core.js";
import { KEY, type Opened, openDashboard } from "./open.js";
import { ago, backup, backupDone, failed, operation, queued } from "./operations.js";
import { TYPES } from "./types.js";
import { World } from "./world.js";

async function worldWithTypes(): Promise<World> {
  const world = await World.start();
  world.put(failed());
  world.daemon.on("GET", "/v1/ops", (_asked, reply) => reply.json(TYPES));
  return world;
}

/** @param shows text of the form */
async function openForm({ press, screen }: Opened, shows: string) {
  await screen.until("Fails at an item");
  press("s");
  await screen.until("▌submit backup");
  press(KEY.enter);
  await screen.until(shows);
}

const isPost = ({ method }: { method: string }) => method === "POST";
const CTRL_S = "\x13";

describe("submit", () => {
  test("type, form, ctrl-s: the parameters go to the daemon once, with directory, environment and a key; the new one is shown", async () => {
    await using world = await worldWithTypes();
    world.daemon.on("POST", "/v1/operations", (_asked, reply) => {
      const made = backup({ id: "newonenewone", title: "A new one" });
      world.put(made);
      reply.json(made, 201);
    });
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Fails at an item");
    opened.press("s");
    await opened.screen.until("verify-backup");
    opened.press("shell");
    await opened.screen.until("▌submit shell");
    opened.press(KEY.enter);
    await opened.screen.until("Submit shell");
    opened.press(`make -j4 'all of it'${KEY.down}`);
    opened.press(`build${CTRL_S}${CTRL_S}`);
    const { body, headers } = await world.daemon.request(isPost);
    expect(body).toMatchObject({
      op: "shell",
      params: { args: ["make", "-j4", "all of it"] },
      label: "build",
      cwd: process.cwd(),
      env: { PATH: process.env.PATH },
    });
    expect(headers["idempotency-key"]).toMatch(/./);
    const text = await opened.screen.until((shown) => shown.includes("newonenewone"));
    expect(text).toContain("$ liveops submit shell --label build -- make -j4 'all of it'");
    expect(world.daemon.asked.filter(isPost)).toHaveLength(1);
  });

  test("a form that was left is there again; what the daemon refuses is told in it and can be sent again", async () => {
    await using world = await worldWithTypes();
    world.daemon.on("POST", "/v1/operations", (_asked, reply) =>
      reply.refuse("LIVEOPS_PARAMS_INVALID", "target is taken"),
    );
    await using opened = openDashboard({ socket: world.socket });
    await openForm(opened, "Submit backup");
    opened.press("there");
    await opened.screen.until("source=there");
    opened.press(KEY.escape);
    await opened.screen.until((text) => !text.includes("source=there"));
    await openForm(opened, "source=there");
    opened.press(`${KEY.down}b${CTRL_S}`);
    await opened.screen.until("target is taken");
    opened.press("c");
    await opened.screen.until((text) => text.includes("target=bc") && !text.includes("is taken"));
    opened.press(CTRL_S);
    await opened.screen.until("target is taken");
    expect(world.daemon.asked.filter(isPost).map(({ body }) => body)).toMatchObject([
      { params: { source: "there", target: "b" } },
      { params: { source: "there", target: "bc" } },
    ]);
  });

  test("what is pasted goes into the field as one line, and q and ? are letters there", async () => {
    await using world = await worldWithTypes();
    await using opened = openDashboard({ socket: world.socket });
    await openForm(opened, "Submit backup");
    opened.press("q?:\x1b[200~a\nb\x1b[201~");
    await opened.screen.until("q?:a");
    expect(world.daemon.asked.some(isPost)).toBe(false);
    expect(opened.screen.alternate).toBe(true);
  });
});

describe("the types", () => {
  const at = (...keys: string[]): State =>
    press(open([failed()], { size: { columns: 80, rows: 24 } }), "s", ...keys);

  test("are said to load until they are there; then enter opens the form of the first that fits", () => {
    expect(screenText(at())).toContain("they are being loaded");
    const known = update(at(..."sh"), answerTo("types", TYPES));
    expect(screenText(known)).toContain("▌submit shell");
    expect(press(known, "return").page).toMatchObject({
      kind: "form",
      form: { type: { op: "shell" } },
    });
  });

  test("that do not load have the reason, and a daemon that does not tell them is asked again", () => {
    expect(screenText(update(at(), answerTo("types", TYPES)))).toContain(
      "does not load: Unexpected token",
    );
    const lost = update(at(), answerTo("types", new Error("the loader hangs")));
    expect(screenText(lost)).toContain("not loaded; s tries again");
    expect(screenText(press(lost, "escape"))).toContain("the loader hangs");
    expect(press(lost, "escape", "s").submit.typesWanted).toBe(true);
  });
});

describe("retry from a stage", () => {
  const broken = operation({
    id: "brokenbackup",
    op: "backup",
    title: "Back up a folder",
    stages: ["Scan", "Archive", "Checksum"],
    state: "failed",
    currentStage: 2,
    stageStates: { Scan: "done", Archive: "done", Checksum: "failed" },
    startedAt: ago(400),
    finishedAt: ago(390),
  });

  test("what forgets stored values asks first, and names the stage", async () => {
    await using world = await worldWithTypes();
    world.put(broken);
    world.daemon.on("POST", /\/retry$/, (_asked, reply) =>
      reply.json({ ...broken, state: "queued", seq: 99 }),
    );
    await using opened = openDashboard({ socket: world.socket, id: "brokenbackup" });
    await opened.screen.until("Checksum");
    opened.press("R");
    await opened.screen.until("Resumes at Checksum.");
    opened.press("s");
    await opened.screen.until("▌ resume at Checksum");
    opened.press("j");
    await opened.screen.until("▌ rerun from Archive");
    opened.press(KEY.enter);
    await opened.screen.until("Discard from Archive on");
    expect(world.daemon.asked.some(isPost)).toBe(false);
    opened.press("y");
    expect((await world.daemon.request(isPost)).body).toEqual({ from: "Archive" });
    await opened.screen.until("$ liveops retry brokenbackup --from Archive");
  });

  test("of a type that keeps nothing it runs from the start", async () => {
    await using world = await worldWithTypes();
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Fails at an item");
    opened.press("R");
    await opened.screen.until("Runs from the start.");
    expect(opened.screen.text()).not.toContain("s stages");
  });
});

describe("run again", () => {
  test("opens a form with the parameters; the new operation is shown, with the command", async () => {
    await using world = await worldWithTypes();
    const done = backupDone({
      params: { source: "/home/ada", target: "/tmp/b", keep: 3, exclude: ["a b", "c"] },
    });
    world.put(done);
    world.daemon.on("POST", /\/again$/, (_asked, reply) => {
      const made = backup({ id: "newonenewone", title: "A new one" });
      world.put(made);
      reply.json(made, 201);
    });
    await using opened = openDashboard({ socket: world.socket, id: done.id });
    await opened.screen.until("succeeded");
    opened.press("r");
    const form = await opened.screen.until("Run again backup");
    for (const text of ["/home/ada", "/tmp/b", "'a b' c", "nightly"]) expect(form).toContain(text);
    expect(world.daemon.asked.some(isPost)).toBe(false);
    opened.press(CTRL_S);
    const { path, body, headers } = await world.daemon.request(isPost);
    expect(path).toBe(`/v1/operations/${done.id}/again`);
    expect(body).toEqual({ params: done.params, label: "nightly" });
    expect(headers["idempotency-key"]).toMatch(/./);
    const text = await opened.screen.until((shown) => shown.includes("newonenewone"));
    expect(text).toContain(`$ liveops again ${done.id} --params`);
  });

  test("escape closes the form and leaves no draft; a running operation cannot run again", async () => {
    await using world = await worldWithTypes();
    world.put(backup());
    await using opened = openDashboard({ socket: world.socket, id: backup().id });
    await opened.screen.until("Archive");
    opened.press("r");
    await opened.screen.until("not finished yet");
    world.patch(backup().id, { state: "succeeded", finishedAt: ago(1) });
    await opened.screen.until("✓ nightly 1m");
    opened.press("r");
    await opened.screen.until("Run again backup");
    opened.press(KEY.escape);
    await opened.screen.until("─ Log");
    expect(world.daemon.asked.some(isPost)).toBe(false);
  });
});

describe("remove", () => {
  test("asks first; then it is gone, and its command is shown", async () => {
    await using world = await worldWithTypes();
    world.put(backup());
    world.daemon.on("DELETE", "/v1/operations/failedcccccc", (_asked, reply) => {
      world.remove("failedcccccc");
      reply.json(failed());
    });
    await using opened = openDashboard({ socket: world.socket, id: "failedcccccc" });
    await opened.screen.until("has no price");
    opened.press("x");
    await opened.screen.until("Remove Fails at an item with the log?");
    opened.press("n");
    await opened.screen.until((text) => !text.includes("Remove"));
    opened.press("xy");
    await world.daemon.request(({ method }) => method === "DELETE");
    await opened.screen.until(
      (text) => text.includes("$ liveops rm failedcccccc") && !text.includes("✗ Fails"),
    );
  });

  test("of a queued one asks as well, until it runs", async () => {
    await using world = await World.start();
    world.put(queued());
    await using opened = openDashboard({ socket: world.socket, id: queued().id });
    await opened.screen.until(queued().id);
    opened.press("x");
    await opened.screen.until(/Remove .* with the log\?/);
    world.put({ ...queued(), state: "running", queuePosition: null, seq: 99 });
    await opened.screen.until((text) => !text.includes("Remove"));
  });
});

describe("the help", () => {
  function opened(): State {
    const state = update(open([failed(), backup()]), answerTo("find", failed()));
    return patched(state, "submit", { types: TYPES });
  }
  const first = (typed: string) => shownItems(opened(), typed)[0]?.name;

  test("has every action of this screen with its key and its command; what cannot be done has the reason", () => {
    const items = helpItems(opened());
    const names = items.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["retry", "again", "remove", "quit", "cancel", "submit backup"]),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(items.find(({ name }) => name === "retry")).toMatchObject({
      key: "R",
      command: "liveops retry failedcccccc",
      disabledReason: null,
    });
    expect(items.find(({ name }) => name === "cancel")?.disabledReason).toBe("already finished");
  });

  test.each([
    ["rm", "remove"],
    ["cancel", "cancel"],
    ["can", "cancel"],
    ["again", "again"],
    ["re", "retry"],
    ["sub", "submit"],
    ["submit b", "submit backup"],
    ["show", "open"],
  ])("%s means %s", (typed, name) => {
    expect(first(typed)).toBe(name);
  });

  test("a name that nothing has runs nothing, and similar names are told", () => {
    const state = press(opened(), ":", ..."anwser", "return");
    expect(state.page).toBeNull();
    expect(state.notice?.text).toBe("No command anwser. Similar: answer");
  });

  test("an action that cannot be done is not run, and the reason is told", () => {
    const state = press(opened(), ":", ..."cancel", "return");
    expect(state.question).toBeNull();
    expect(state.notice?.text).toBe("cancel: already finished");
  });
});

describe("the keys of the config", () => {
  test("replace those of an action, and are taken from the others", () => {
    const actions = withKeys(ACTIONS, { cancel: "x", remove: ["D", "ctrl-r"] });
    const keys = (name: string) => actions.find((action) => action.name === name)?.keys;
    expect(keys("cancel")).toEqual(["x"]);
    expect(keys("remove")).toEqual(["D", "^r"]);
    const state = patched(open([backup()]), "session", { actions });
    expect(press(state, "x").question?.request.kind).toBe("cancel");
    expect(press(state, "c").question).toBeNull();
    expect(screenText(state)).toContain("x cancel");
  });

  test("that do not exist are refused, with the nearest name", () => {
    expect(() => withKeys(ACTIONS, { cancle: "x" })).toThrow(
      'no action "cancle"; did you mean cancel?',
    );
    expect(() => withKeys(ACTIONS, { cancel: "f13" })).toThrow('"f13" is not a key');
  });
});

describe("without a daemon", () => {
  test("the bar offers only what does something: start the daemon, help", () => {
    const lost = update(initial(), { type: "lost", reason: "The socket does not exist.", at: 0 });
    const bar = screenText(lost).split("\n").at(-1)!;
    expect(bar).toContain("s start the daemon");
    for (const word of ["submit", "find", "cancel", "log"]) expect(bar).not.toContain(word);
  });

  test("that was there before, the key of submit starts it again", () => {
    const away = update(open([backup()]), { type: "lost", reason: "gone", at: 0 });
    expect(screenText(away).split("\n").at(-1)).toContain("s start the daemon");
    expect(effectsOf(away, { type: "pressed", pressed: { input: "s" } })).toContainEqual({
      type: "start-daemon",
    });
    expect(
      screenText(open([backup()]))
        .split("\n")
        .at(-1),
    ).toContain("s start ");
  });
});

describe("copying", () => {
  test("C copies the command that submits the operation, or the lines of the log, through OSC 52", async () => {
    await using world = await World.start();
    world.put(backup({ params: { source: "/home/ada" } }));
    world.log(backup().id, "a line to copy");
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("a line to copy");
    const base64 = (text: string) => `\x1b]52;c;${Buffer.from(text).toString("base64")}\x1b\\`;
    opened.press("C");
    await opened.screen.until("command copied");
    expect(opened.screen.written).toContain(
      base64("liveops submit backup source=/home/ada --label nightly"),
    );
    opened.press(KEY.enter);
    opened.press("C");
    await opened.screen.until("1 line copied");
    expect(opened.screen.written).toContain(base64("a line to copy"));
  });
});
