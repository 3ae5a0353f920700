import type { Operation } from "../../../protocol/operation.js";
import { ago, backup, backupDone, failed, operation, verify, whyFailed } from "./operations.js";
import { golden, type Scene } from "./scenes.js";
import type { World } from "./world.js";

const GIB = 1024 ** 3;

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
    finished: 9,
    seconds: { p50: 260, p90: 380 },
    stages: { Scan: stage(2.4), Archive: stage(190), Checksum: stage(64) },
    recent: [],
  });
  world.histories.set("verify-backup", {
    op: "verify-backup",
    runs: 7,
    finished: 9,
    seconds: { p50: 95, p90: 120 },
    stages: { Read: stage(60), Compare: stage(31) },
    recent: [],
  });
}

/**
 * A deploy that failed in its own code: its script, a parameter and a commit have changed since it
 * last worked.
 */
function deployFailed(world: World): void {
  const it = failed({
    op: "deploy",
    title: "Deploy",
    label: "prod rollout",
    params: { target: "prod" },
    attempt: 2,
    error: {
      code: "LIVEOPS_EXCEPTION",
      message: "certificate expired",
      stack: "Error: certificate expired\n    at Deploy.run (/srv/ops/deploy.ts:4:13)",
      causes: [
        { depth: 0, message: "Error: TLS handshake with registry.example failed", stack: null },
      ],
    },
  });
  const body = [
    "    if (this.params.fails)",
    '      throw new Error("certificate expired");',
    "    await push();",
  ];
  const lines = ["  async run() {", ...body, "  }"];
  world.put(it);
  world.whys.set(it.id, {
    ...whyFailed(it, {
      place: { file: "/srv/ops/deploy.ts", line: 4 },
      source: { from: 2, lines },
    }),
    since: { id: "goodaaaaaaaa", finishedAt: ago(7200), seconds: 98 },
    changes: [
      {
        kind: "script",
        name: "deploy.ts",
        diff: [" async run() {", "-    if (false)", "+    if (this.params.fails)"],
      },
      { kind: "parameter", name: "target", before: "staging", now: "prod" },
      {
        kind: "commit",
        name: "3f2c1a4",
        now: "Ada Lovelace: deploy: fail on purpose",
        at: ago(4200),
      },
      {
        kind: "log",
        name: "line 2",
        before: "not in the last 5 successes",
        now: "Error: certificate expired",
      },
    ],
    machine: {
      at: it.finishedAt!,
      disks: [{ path: "/srv", freeBytes: 3 * 2 ** 30, totalBytes: 2 ** 38 }],
      memory: { availableBytes: 9 * 2 ** 30, totalBytes: 2 ** 34 },
      load: 1.2,
      cores: 8,
      outOfMemory: null,
      processes: [{ pid: 812, name: "postgres", rssBytes: 3 * 2 ** 30 }],
    },
  });
  world.log(it.id, "pushing to registry.example", {
    text: "Error: certificate expired",
    stream: "stderr",
  });
}

/** A test program whose last lines the error repeats. */
function testsFailed(world: World): void {
  const lines = Array.from({ length: 9 }, (_, i) => `ok ${i + 22}`);
  const tail = [...lines.slice(-7), "not ok 31 - adds two numbers", "# failed 1 of 31"];
  world.put(
    failed({
      op: "shell",
      title: "npm test",
      params: { args: ["npm", "test"] },
      stages: ["Run"],
      currentStage: 0,
      stageStates: { Run: "failed" },
      stageTimes: {},
      error: {
        code: "LIVEOPS_EXCEPTION",
        message: ["npm exited with 1", ...tail].join("\n"),
        stack: null,
      },
    }),
  );
  world.log("failedcccccc", ...lines, ...tail.slice(-2));
}

const silent = (over: Partial<Operation> = {}) => backup({ progress: null, percent: 0, ...over });

const SCENES: Scene[] = [
  {
    name: "estimate",
    set(world) {
      chainBefore(world);
      histories(world);
      world.put(silent());
    },
    id: "backupaaaaaa",
    show: ({ screen }) => screen.until("4m37s left"),
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
      screen.until((text) => text.includes("later than usual") && text.includes("no progress for")),
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
    name: "untracked-stage",
    set(world) {
      world.put(backup({ progress: null, percent: 66, untrackedStage: "Warm cache" }));
    },
    id: "backupaaaaaa",
    show: ({ screen }) => screen.until("● Warm cache"),
  },
  {
    name: "failure-source",
    set: deployFailed,
    id: "failed",
    async show({ screen }) {
      await screen.until((text) => text.split("certificate expired").length > 2);
      await screen.until((text) => text.includes("▸ "));
    },
  },
  {
    name: "failure-program",
    set: testsFailed,
    id: "failed",
    // In the card and in the log.
    show: ({ screen }) => screen.until((text) => text.split("# failed 1 of 31").length > 2),
  },
  {
    name: "odd",
    set(world) {
      const odd = [
        {
          name: "size",
          value: 0.7 * GIB,
          low: 1.9 * GIB,
          high: 2.1 * GIB,
          runs: 20,
          unit: "bytes",
        },
        { name: "Upload", value: 0, low: 980, high: 1020, runs: 20, unit: "row" },
      ];
      world.put(backupDone({ odd }));
      world.put(backupDone({ id: "laterbackups" }));
    },
    id: "backup",
    async show({ screen }) {
      await screen.until("▲ size 0.7 GiB");
    },
  },
];

golden(SCENES);
