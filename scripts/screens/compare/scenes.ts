/** The scenes of `npm run screens:compare`. Each takes pictures of the dashboard of one checkout. */
import { setTimeout as delay } from "node:timers/promises";
import type { Frame } from "../picture.js";
import type { Session, World } from "./world.js";

/** Takes pictures, by the names of their files. Later scenes find what earlier ones left. */
type Scene = (world: World) => Promise<Record<string, Frame>>;

/** The headings of the pictures. */
export const ABOUT: Readonly<Record<string, string>> = {
  "live-160": "A chain in its second operation",
  "live-light-120": "The same on a light terminal",
  "live-plain-100": "The same with NO_COLOR",
  "live-16-80": "The same with 16 colours",
  "failure-160": "A failed operation",
  "retry-100": "The question of a retry",
  "command-16-100": "A failed command with 16 colours",
  "timeline-120": "The timeline of a chain",
  "queue-160": "A queue whose operations had short runs before",
  "busy-200": "A question, a paused operation and a paused queue",
  "cancel-120": "The question of a cancel",
  "queues-120": "Queues and schedules",
  "filter-100": "A filter",
  "form-120": "A script that is pasted into the form of shell",
  "editor-100": "After an editor that leaves the cursor in a line",
  "hangs-120": "A daemon that hangs",
  "hangs-at-start-100": "A dashboard that is opened on a daemon that hangs",
};

const SCRIPT = 'for i in 1 2 3; do\n  echo "step $i"\ndone';
const FAILING_TESTS = 'for i in $(seq 1 24); do echo "ok $i"; done; echo "not ok 25 - rounds prices"; exit 1';

/** Takes the picture of a dashboard, and closes it. */
async function pictured(opened: Session, show: (session: Session) => Promise<unknown>): Promise<Frame> {
  await using session = opened;
  await session.until(/running|connecting|● \d/);
  await show(session);
  return session.frame();
}

const settled = () => delay(1500);
const words = (...keys: string[]) =>
  async function typed({ press }: Session): Promise<void> {
    for (const key of keys) {
      await settled();
      press(key);
    }
    await settled();
  };

const idOf = (world: World, ...filter: string[]): string =>
  world.liveops("ls", ...filter, "--limit", "1", "--output", "name").split("\n")[0]!;

async function cancelAll(world: World): Promise<void> {
  world.liveops("cancel", "--state", "queued,running");
  await delay(2500);
}

/** A chain that ran before, beside a release and a failure: on four terminals at once. */
async function live(world: World): Promise<Record<string, Frame>> {
  const before = [1, 2, 3].map(() => world.liveops("submit", "extract", "--label", "nightly"));
  before.push(
    world.liveops("submit", "release", "--label", "release 4.0"),
    world.liveops("submit", "deploy", "--label", "staging rollout", "fails=false"),
  );
  world.liveops("wait", ...before);
  world.liveops("submit", "deploy", "--label", "prod rollout");
  world.liveops("submit", "release", "--label", "release 4.1");
  await delay(1200);
  world.liveops("submit", "extract", "--label", "nightly");
  const inDedupe = async ({ until }: Session) => {
    await until(/● Dedupe/);
    await delay(800);
  };
  const [wide, light, plain, small] = await Promise.all([
    pictured(world.open("dark", [160, 50]), inDedupe),
    pictured(world.open("light", [120, 40]), inDedupe),
    pictured(world.open("plain", [100, 30]), inDedupe),
    pictured(world.open("16", [80, 24]), inDedupe),
  ]);
  await cancelAll(world);
  return { "live-160": wide, "live-light-120": light, "live-plain-100": plain, "live-16-80": small };
}

async function failures(world: World): Promise<Record<string, Frame>> {
  const id = idOf(world, "--state", "failed");
  const failure = await pictured(world.open("dark", [160, 50], id), settled);
  const retry = await pictured(world.open("dark", [100, 30], id), words("R"));
  const tests = world.liveops("submit", "shell", "--label", "npm test", "--", "sh", "-c", FAILING_TESTS);
  await settled();
  const command = await pictured(world.open("16", [100, 30], tests), settled);
  return { "failure-160": failure, "retry-100": retry, "command-16-100": command };
}

const timeline: Scene = async (world) => ({
  "timeline-120": await pictured(
    world.open("dark", [120, 40], idOf(world, "--op", "load", "--state", "succeeded")),
    words("t"),
  ),
});

/** Operations of 9 s in a queue of two, after runs of 1.3 s. */
async function queue(world: World): Promise<Record<string, Frame>> {
  for (let i = 0; i < 5; i++) world.liveops("submit", "silent", "ms=1300", "--wait");
  world.liveops("queue", "set", "batch", "--concurrency", "2");
  for (let i = 0; i < 8; i++) world.liveops("submit", "silent", "ms=9000", "--queue", "batch");
  world.liveops("submit", "silent", "--in", "5h");
  const frame = await pictured(world.open("dark", [160, 50]), () => delay(7000));
  await cancelAll(world);
  return { "queue-160": frame };
}

async function busy(world: World): Promise<Record<string, Frame>> {
  const beats = world.liveops("submit", "hertz", "--label", "beats");
  world.liveops("queue", "set", "gpu", "--concurrency", "1");
  world.liveops("pause", "--queue", "gpu");
  world.liveops("submit", "silent", "--queue", "gpu", "--label", "render");
  world.liveops("schedule", "add", "0 2 * * *", "extract", "--name", "nightly");
  const ask = 'printf "Name? "; read name';
  world.liveops("submit", "shell", "tty=true", "--label", "ask me", "--", "sh", "-c", ask);
  const wide = await pictured(world.open("dark", [200, 60]), async ({ until }) => {
    await until(/beats/);
    await delay(4000);
    world.liveops("pause", beats);
    await delay(12_000);
  });
  const frames = {
    "busy-200": wide,
    "cancel-120": await pictured(world.open("dark", [120, 40], beats), words("c")),
    "queues-120": await pictured(world.open("dark", [120, 40]), words("Q")),
    "filter-100": await pictured(world.open("dark", [100, 30]), words("/night\r")),
  };
  await cancelAll(world);
  return frames;
}

const form: Scene = async (world) => ({
  "form-120": await pictured(
    world.open("dark", [120, 40]),
    words("s", "shell", "\r", `\x1b[200~${SCRIPT}\x1b[201~`),
  ),
});

const editor: Scene = async (world) => ({
  "editor-100": await pictured(
    world.open("dark", [100, 30], idOf(world, "--op", "load", "--state", "succeeded")),
    async (session) => {
      await words("e")(session);
      await delay(2500);
    },
  ),
});

/** Last: the daemon is stopped for seconds. */
async function hangs(world: World): Promise<Record<string, Frame>> {
  world.liveops("submit", "hertz", "--label", "beats");
  const opened = world.open("dark", [120, 40]);
  await opened.until(/beats/);
  await delay(3000);
  process.kill(world.pid, "SIGSTOP");
  try {
    const late = world.open("dark", [100, 30]);
    await delay(7500);
    const all = [pictured(opened, async () => {}), pictured(late, async () => {})] as const;
    const [known, unknown] = await Promise.all(all);
    return { "hangs-120": known, "hangs-at-start-100": unknown };
  } finally {
    process.kill(world.pid, "SIGCONT");
  }
}

export const SCENES: readonly Scene[] = [live, failures, timeline, queue, busy, form, editor, hangs];
