/** What the dashboard does, through the real Ink, against a scripted daemon. */
import { describe, expect, test, vi } from "vitest";
import { KEY, openDashboard } from "./open.js";
import { backup, failed, NOW, operation, queued, scanning } from "./operations.js";
import { World } from "./world.js";

describe("keys", () => {
  test("c asks, y sends the cancel", async () => {
    await using world = await World.start();
    world.put(backup());
    world.daemon.on("POST", /\/cancel$/, (_asked, reply) =>
      reply.json(backup({ cancelRequested: true, seq: 9 })),
    );
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Back up a folder");
    opened.press("c");
    await opened.screen.until("Cancel nightly?");
    opened.press("y");
    const { path } = await world.daemon.request(({ method }) => method === "POST");
    expect(path).toBe("/v1/operations/backupaaaaaa/cancel");
    await opened.screen.until("─ cancelling");
  });

  test("R sends the retry; a refusal is told", async () => {
    await using world = await World.start();
    world.put(failed());
    world.daemon.on("POST", /\/retry$/, (_asked, reply) =>
      reply.refuse("LIVEOPS_WRONG_STATE", "it runs already; see: liveops show"),
    );
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Fails at an item");
    opened.press("R");
    await opened.screen.until("Retry Fails at an item?");
    opened.press("y");
    await opened.screen.until("retry: it runs already; see: liveops show");
  });

  test("keys typed faster than they are read all count; what is pasted does nothing", async () => {
    await using world = await World.start();
    for (const record of [backup(), scanning(), queued(), failed()]) world.put(record);
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Fails at an item");
    opened.press("jjj");
    await opened.screen.until("▌ ✗ Fails at an item");
    opened.press("\x1b[200~gcy\x1b[201~");
    opened.press("k");
    await opened.screen.until("▌ ○ make -j4");
    expect(world.daemon.asked.some(({ method }) => method === "POST")).toBe(false);
  });

  test("scrolling up reaches the first line of a log of which only the end was streamed", async () => {
    await using world = await World.start();
    world.put(backup({ logLines: 1200 }));
    world.log("backupaaaaaa", ...Array.from({ length: 1200 }, (_, i) => `line ${i + 1} of it`));
    await using opened = openDashboard({ socket: world.socket, id: "backupaaaaaa" });
    await opened.screen.until("line 1200 of it");
    // What is above comes from the daemon in ranges; a key at the edge of what is held does nothing
    // yet.
    await vi.waitFor(
      () => {
        opened.press(KEY.pageUp);
        expect(opened.screen.text()).toContain(" line 1 of it");
      },
      { interval: 5, timeout: 60_000 },
    );
    const ranges = world.daemon.asked.filter(({ query }) => query.before !== undefined);
    expect(ranges.map(({ query }) => query.before)).toEqual(["701", "201"]);
  });
});

describe("the way out", () => {
  test.each([
    ["q", 0],
    [KEY.ctrlC, 130],
    ["?\x1bq", 0],
  ])("%j leaves with %i and gives the terminal back", async (keys, code) => {
    await using world = await World.start();
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("No operation yet");
    expect(opened.screen.alternate).toBe(true);
    opened.press(keys);
    expect(await opened.program.done).toEqual({ code, message: null });
    expect(opened.screen.alternate).toBe(false);
    expect(opened.screen.cursorShown).toBe(true);
  });

  test("an id that nothing has is told after the screen is gone, with exit 4", async () => {
    await using world = await World.start();
    world.put(backup());
    await using opened = openDashboard({ socket: world.socket, id: "nosuch" });
    expect(await opened.program.done).toMatchObject({
      code: 4,
      message: expect.stringContaining("nosuch"),
    });
    expect(opened.screen.alternate).toBe(false);
  });
});

describe("the daemon", () => {
  test("where there was none, the screen says so and connects when it appears", async () => {
    await using world = await World.start();
    await world.daemon.stop();
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("liveops start");
    await world.daemon.listen();
    await opened.screen.until("No operation yet");
  });

  test("away it shows the last known state, and comes back from where it was", async () => {
    await using world = await World.start();
    world.put(backup());
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("47%");
    await world.daemon.stop();
    const away = await opened.screen.until("daemon not responding");
    expect(away).toContain("nightly");
    await world.daemon.listen();
    await opened.screen.until((text) => !text.includes("not responding"));
    world.patch("backupaaaaaa", { status: { text: "63 files", level: "info" } });
    await opened.screen.until("63 files");
  });

  test("an operation outside the watch is found by a prefix of its id", async () => {
    await using world = await World.start();
    const old = operation({ id: "oldoldoldold", title: "An old one", state: "succeeded" });
    world.daemon.on("GET", "/v1/operations/oldold", (_asked, reply) => reply.json(old));
    await using opened = openDashboard({ socket: world.socket, id: "oldold" });
    await opened.screen.until("oldoldoldold");
  });
});

describe("the terminal", () => {
  test("any change of size leaves a clean screen of the new size", async () => {
    await using world = await World.start();
    for (const record of [backup(), scanning(), queued(), failed()]) world.put(record);
    await using opened = openDashboard({ socket: world.socket, size: [160, 50] });
    await opened.screen.until("Fails at an item");
    const sizes: [number, number][] = [
      [80, 24],
      [40, 15],
      [200, 60],
      [39, 14],
      [60, 20],
      [100, 15],
      [41, 50],
      [160, 50],
    ];
    for (const size of sizes) {
      await using fresh = openDashboard({ socket: world.socket, size });
      const small = size[0] < 40 || size[1] < 15;
      // The share of the whole is the last to be known.
      const whole = (text: string) => text.includes("Fails at an") && text.includes("48%");
      const expected = await fresh.screen.until(small ? "liveops-tui needs" : whole);
      opened.resize(...size);
      await opened.screen.until((text) => text === expected);
    }
  });

  test("NO_COLOR is respected, and colour is there without it", async () => {
    await using world = await World.start();
    world.put(backup());
    await using plain = openDashboard({ socket: world.socket, env: { NO_COLOR: "1" } });
    await plain.screen.until("Back up a folder");
    expect(plain.screen.coloured()).toBe(false);
    await using coloured = openDashboard({ socket: world.socket });
    await coloured.screen.until("Back up a folder");
    expect(coloured.screen.coloured()).toBe(true);
  });
});

describe("drawing", () => {
  test("what is not on the screen draws nothing", async () => {
    await using world = await World.start();
    world.put(backup());
    for (let i = 0; i < 60; i++)
      world.put(
        operation({
          id: `other${String(i).padStart(7, "0")}`,
          state: "succeeded",
          createdAt: at(i),
        }),
      );
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Finished 60");
    const before = opened.screen.written.length;
    world.patch("other0000059", { label: "not visible" });
    world.patch("backupaaaaaa", { status: { text: "90 files", level: "info" } });
    await opened.screen.until("90 files");
    const written = opened.screen.written.slice(before);
    expect(written.split("\x1b[?2026h").length - 1).toBe(1);
  });
});

const at = (i: number) => new Date(NOW - 10_000 - i * 1000).toISOString();
