/** The screens of the list narrowed and folded, of estimates and warnings, of the log looked through, of one operation. */
import { expect, vi } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { KEY, type Opened } from "./open.js";
import { ago, backup, backupDone, failed, operation, queued, scanning, verify } from "./operations.js";
import { golden, type Scene } from "./scenes.js";
import type { World } from "./world.js";

process.env.TZ = "UTC";

const A = backupDone({ chain: { id: "backupaaaaaa", index: 0, previous: null, next: "verifybbbbbb" } });

/** A chain that ended, so that it is known how such a one goes on. */
function chainBefore(world: World): void {
  const chain = { id: "earlieraaaaa", index: 0, previous: null, next: "earlierbbbbb" };
  world.put(
    backupDone({
      id: "earlieraaaaa",
      createdAt: ago(90_000),
      startedAt: ago(90_000),
      finishedAt: ago(89_700),
      chain,
    }),
  );
  world.put(
    verify({
      id: "earlierbbbbb",
      state: "succeeded",
      createdAt: ago(89_700),
      startedAt: ago(89_700),
      finishedAt: ago(89_600),
      chain: { ...chain, index: 1, previous: "earlieraaaaa", next: null },
    }),
  );
}

function histories(world: World): void {
  const stage = (p50: number) => ({ runs: 7, p50, p90: p50 * 1.4 });
  world.histories.set("backup", {
    op: "backup",
    runs: 7,
    seconds: { p50: 260, p90: 380 },
    stages: { Scan: stage(2.4), Archive: stage(190), Checksum: stage(64) },
  });
  world.histories.set("verify-backup", {
    op: "verify-backup",
    runs: 7,
    seconds: { p50: 95, p90: 120 },
    stages: { Read: stage(60), Compare: stage(31) },
  });
}

const silent = (over: Partial<Operation> = {}) => backup({ progress: null, percent: 0, ...over });

/** As much as a screen and more, of all stages and streams. */
function longLog(world: World): void {
  world.put(backup({ logLines: 0 }));
  const text = (i: number) =>
    i % 9 === 4
      ? `photos/2024/${i}.jpg: the server was slow, 日本語 👍 tried again, ${"and waited a while, ".repeat(6)}`
      : `photos/2024/${i}.jpg`;
  const lines = Array.from({ length: 302 }, (_, i) => ({
    text: text(i + 1),
    stage: i < 40 ? "Scan" : "Archive",
    stream: i % 9 === 3 ? ("stderr" as const) : ("log" as const),
  }));
  world.log("backupaaaaaa", ...lines);
}

const onLog = async ({ screen, press }: Opened, ...keys: string[]) => {
  await screen.until("302.jpg");
  for (const key of keys) press(key);
};

const SCENES: Scene[] = [
  {
    name: "chain-folded",
    set(world) {
      world.put(A);
      world.put(verify());
      world.put(failed());
    },
    show: ({ screen }) =>
      screen.until((text) => text.includes("Fails at an item") && text.includes("▸ Verify")),
  },
  {
    name: "chain-unfolded",
    set(world) {
      world.put(A);
      world.put(verify());
      world.put(failed());
    },
    async show({ screen, press }) {
      await screen.until("▸ Verify");
      press("z");
      await screen.until("└ Back up");
    },
  },
  {
    name: "filter-typed",
    set(world) {
      for (const record of [backup(), scanning(), queued(), failed()]) world.put(record);
    },
    async show({ screen, press }) {
      await screen.until("Fails at an item");
      press("/state:fa it");
      await screen.until((text) => text.includes("state:fa it") && !text.includes("Crawl"));
    },
  },
  {
    name: "filter-nothing",
    set(world) {
      for (const record of [backup(), scanning(), queued(), failed()]) world.put(record);
    },
    async show({ screen, press }) {
      await screen.until("Fails at an item");
      press("/nosuch");
      press(KEY.enter);
      await screen.until((text) => text.includes("Nothing fits nosuch") && text.includes("/nosuch 0 fit"));
    },
  },
  {
    name: "estimate",
    set(world) {
      chainBefore(world);
      histories(world);
      world.put(silent());
    },
    id: "backupaaaaaa",
    show: ({ screen }) => screen.until(screen.columns === 40 ? "~3m02s left" : "chain ~"),
  },
  {
    name: "longer-than-usual",
    set(world) {
      histories(world);
      const Archive = { startedAt: ago(900), finishedAt: null, resumed: false, seconds: null };
      world.put(silent({ startedAt: ago(905), updatedAt: ago(860), stageTimes: { Archive } }));
    },
    id: "backupaaaaaa",
    show: ({ screen }) =>
      screen.until((text) => text.includes("longer than usual") && text.includes("nothing has moved")),
  },
  {
    name: "resumed",
    set: (world) =>
      world.put(
        backup({
          attempt: 3,
          stageTimes: {
            Scan: { startedAt: ago(75), finishedAt: ago(75), resumed: true, seconds: 0 },
            Archive: { startedAt: ago(72), finishedAt: null, resumed: false, seconds: null },
          },
        }),
      ),
    id: "backupaaaaaa",
    show: ({ screen }) => screen.until("attempt 3"),
  },
  {
    name: "many-stages",
    set(world) {
      const stages = Array.from({ length: 14 }, (_, i) => `Migrate table ${i + 1}`);
      world.put(
        operation({
          id: "migratehhhhh",
          title: "Migrate a database",
          stages,
          state: "running",
          currentStage: 6,
          stageStates: Object.fromEntries(
            stages.slice(0, 7).map((name, i) => [name, i < 6 ? "done" : "active"]),
          ),
          stageTimes: Object.fromEntries(
            stages.slice(0, 7).map((name, i) => [
              name,
              {
                startedAt: ago(70 - i * 10),
                finishedAt: i < 6 ? ago(60 - i * 10) : null,
                resumed: false,
                seconds: i < 6 ? 10 : null,
              },
            ]),
          ),
          startedAt: ago(70),
        }),
      );
    },
    id: "migratehhhhh",
    show: ({ screen }) => screen.until("Migrate table 7"),
  },
  {
    name: "log-numbers",
    set: longLog,
    id: "backup",
    async show(opened) {
      await onLog(opened, "#");
      // The rule above the log has 302 too.
      await opened.screen.until(/ 301 /);
    },
  },
  {
    name: "log-wrapped",
    set: longLog,
    id: "backup",
    async show(opened) {
      await onLog(opened, "w");
      await opened.screen.until((text) => text.split("waited").length > 5);
    },
  },
  {
    name: "log-search",
    set: longLog,
    id: "backup",
    async show(opened) {
      await onLog(opened, "/", "2024/12", KEY.enter);
      await opened.screen.until("▸photos/2024/129");
      opened.press("N");
      await opened.screen.until("▸photos/2024/128");
    },
  },
  {
    name: "log-filtered",
    set: longLog,
    id: "backup",
    async show(opened) {
      await onLog(opened, "E", "E");
      await opened.screen.until((text) => text.includes("stderr only") && text.includes("▏photos/2024/292"));
    },
  },
  {
    name: "log-stage",
    set: longLog,
    id: "backup",
    async show(opened) {
      await onLog(opened, "g");
      await opened.screen.until(" 1-");
      opened.press("]");
      await opened.screen.until((text) => !text.includes(" 1-") && !text.includes("looking"));
    },
  },
  {
    name: "log-copy",
    set: longLog,
    id: "backup",
    async show(opened) {
      await onLog(opened, "y");
      await opened.screen.until("esc back");
    },
  },
  {
    name: "all-of-it",
    set(world) {
      world.put(failed({ attempt: 2, params: { file: "/home/ada/prices.csv", columns: ["sku", "price"] } }));
      const at = ago(600);
      world.daemon.on("GET", /\/events$/, (_asked, reply) => {
        const stream = reply.stream();
        stream.line({ type: "attempt:started", seq: 2, at, attempt: 1 });
        stream.line({
          type: "attempt:finished",
          seq: 5,
          at,
          attempt: 1,
          seconds: 12,
          state: "failed",
          error: { code: "LIVEOPS_EXCEPTION", message: "the server is gone", stack: null },
          result: null,
          next: null,
        });
        stream.line({ type: "attempt:started", seq: 7, at, attempt: 2 });
        stream.line({
          type: "stage:left",
          seq: 9,
          at,
          attempt: 2,
          stage: "Load",
          index: 0,
          state: "done",
          resumed: true,
          seconds: 0,
        });
        stream.line({
          type: "operation:settled",
          seq: 11,
          at,
          attempt: 2,
          state: "failed",
          error: null,
          result: null,
          next: null,
        });
        stream.end();
      });
    },
    id: "failed",
    async show({ screen, press }) {
      await screen.until("row 7 of 10");
      press("v");
      // The end is where it is once the attempts were read.
      await vi.waitFor(() => {
        press("G");
        expect(screen.text()).toContain("kept Load");
      });
    },
  },
];

golden(SCENES);
