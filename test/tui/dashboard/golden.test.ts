/** The screens, through the real Ink on a screen model, compared as text. */
import { KEY } from "./open.js";
import {
  ago,
  asked,
  backup,
  backupDone,
  failed,
  operation,
  queued,
  scanning,
  verify,
} from "./operations.js";
import { golden, type Scene } from "./scenes.js";
import type { World } from "./world.js";

/** Everything running, queued and finished. */
function busy(world: World): void {
  world.put(backup());
  world.put(scanning());
  world.put(queued());
  world.put(failed());
  world.put(
    operation({
      id: "olderfffffff",
      state: "cancelled",
      startedAt: ago(7000),
      finishedAt: ago(3000),
    }),
  );
  world.log("backupaaaaaa", "archived photos/2024/1.jpg", "archived photos/2024/2.jpg");
  world.log("backupaaaaaa", { text: "photos/2024/3.jpg changed as we read it", stream: "stderr" });
  world.log("backupaaaaaa", { text: "2 lines were dropped", stream: "liveops" });
  world.log("failedcccccc", "loading 10 rows", "row 7 has no price");
}

const QUEUE = {
  concurrency: 1,
  configured: true,
  queued: 0,
  running: 0,
  toAnswer: 0,
  pausedSince: null,
};

/**
 * A question, a program that waits for input, a new failure and a missed run; and a queue is
 * paused.
 */
function waiting(world: World): void {
  busy(world);
  world.put(
    operation({
      id: "rolloutfffff",
      label: "rollout",
      stages: ["Approve"],
      state: "queued",
      currentStage: 0,
      stageStates: { Approve: "active" },
      approvals: [asked("Approve", ago(600), { question: "Roll out 4.2 to prod?", default: "no" })],
    }),
  );
  world.put(
    operation({
      id: "askingffffff",
      label: "ask me",
      stages: ["Ask"],
      state: "running",
      currentStage: 0,
      stageStates: { Ask: "active" },
      startedAt: ago(600),
      terminal: "ask",
      waitingForInput: { prompt: "Name? ", echo: true, number: 1, since: ago(540) },
    }),
  );
  world.put(
    failed({
      id: "deploygggggg",
      label: "deploy",
      error: { code: "X", message: "certificate expired", stack: null },
      finishedAt: ago(-1),
    }),
  );
  const queues = [
    { ...QUEUE, name: "default", concurrency: 2 },
    { ...QUEUE, name: "gpu", pausedSince: ago(300) },
  ];
  const missed = {
    name: "nightly",
    missing: null,
    lastProblem: "2 runs missed",
    lastDueAt: ago(420),
    nextAt: null,
  };
  world.daemon
    .on("GET", "/v1/queues", (_asked, reply) => reply.json({ queues }))
    .on("GET", "/v1/schedules", (_asked, reply) => reply.json({ schedules: [missed] }));
}

const DANGEROUS = "\x1b[2J\x1b]0;owned\x07\u202egnp.exe\r\nnext\u0000";

const SCENES: Scene[] = [
  { name: "empty", show: ({ screen }) => screen.until("No operation yet") },
  {
    name: "list",
    whole: true,
    everySize: true,
    set: busy,
    async show({ screen, press }) {
      await screen.until("Fails at");
      press(KEY.down);
      press(KEY.up);
      await screen.until(screen.columns < 76 ? "▌ ● Crawl" : "Crawl a site ─");
      press(KEY.down);
      const last = screen.columns < 76 ? "▌ ● nightly" : "2 lines were dropped";
      await screen.until((text) => text.includes(last) && text.includes("48%"));
    },
  },
  {
    name: "operation",
    everySize: true,
    set: busy,
    id: "backup",
    show: ({ screen }) => screen.until("2 lines were dropped"),
  },
  {
    name: "failed",
    set: busy,
    id: "failed",
    show: ({ screen }) => screen.until("row 7 has no price"),
  },
  {
    name: "after-hand-over",
    whole: true,
    set: (world) => world.put(backup()),
    id: "backupaaaaaa",
    async show({ screen }, world) {
      await screen.until("• photos/2024");
      const { stageStates, stageTimes, result, finishedAt } = backupDone();
      world.patch("backupaaaaaa", {
        stageStates,
        stageTimes,
        result,
        finishedAt,
        progress: null,
        status: null,
      });
      // The percent of a chain never goes back: whether this one was drawn must not depend on the
      // load.
      await screen.until("66%");
      world.handOver("backupaaaaaa", verify());
      await screen.until((text) => text.includes("→ Verify") && /▸|● Verify a b/.test(text));
    },
  },
  {
    name: "succeeded",
    set: (world) => world.put(backupDone()),
    id: "backupaaaaaa",
    show: ({ screen }) => screen.until("archive"),
  },
  {
    name: "away",
    whole: true,
    set: busy,
    async show({ screen }, world) {
      // How far it is as a whole is told once the history was.
      await screen.until((text) => text.includes("Fails at") && text.includes("48%"));
      await world.daemon.stop();
      await screen.until("daemon not responding");
    },
  },
  {
    name: "waits-for-you",
    whole: true,
    everySize: true,
    set: waiting,
    async show({ screen, press }) {
      await screen.until((text) => text.includes("gpu paused") && text.includes("Waits for you 4"));
      press("!");
      await screen.until((text) => text.includes("▌ ✗ deploy"));
    },
  },
  {
    name: "help",
    set: busy,
    async show({ screen, press }) {
      await screen.until("Fails at");
      press("?");
      await screen.until("─ Keys");
    },
  },
  {
    name: "queues",
    set(world) {
      busy(world);
      const queue = { ...QUEUE, queued: 1 };
      const queues = [
        { ...queue, name: "default", concurrency: 2, running: 2 },
        { ...queue, name: "gpu", queued: 0, pausedSince: ago(300) },
      ];
      world.daemon
        .on("GET", "/v1/queues", (_asked, reply) => reply.json({ queues }))
        .on("GET", "/v1/schedules", (_asked, reply) => reply.json({ schedules: [] }));
    },
    async show({ screen, press }) {
      await screen.until("gpu paused");
      press("Q");
      await screen.until("schedule add");
    },
  },
  {
    name: "cancel-question",
    set: busy,
    id: "backup",
    async show({ screen, press }) {
      await screen.until("2 lines were dropped");
      press("c");
      await screen.until("Cancel nightly");
    },
  },
  {
    name: "untrusted",
    whole: true,
    everySize: true,
    set(world) {
      world.put(
        backup({
          title: `日本語の操作 ${DANGEROUS}`,
          label: "👨‍👩‍👧 e\u0301tude ❤️ 한국어",
          stages: ["スキャン", DANGEROUS, "Checksum"],
          stageStates: { スキャン: "done", [DANGEROUS]: "active" },
          status: { text: DANGEROUS, level: "warning" },
          progress: { done: 3, total: 9, unit: DANGEROUS, label: "ラベル", rate: 1, etaSeconds: 6 },
        }),
      );
      world.log("backupaaaaaa", DANGEROUS, `\tタブ\t${"長い行".repeat(60)}`, "last line");
    },
    id: "backupaaaaaa",
    show: ({ screen }) => screen.until("last line"),
  },
];

golden(SCENES);
