/** The scenes of the dashboard: what the daemon holds, the keys that lead to the screen, and a text that is on it. */
import { setTimeout as delay } from "node:timers/promises";
import { fillHistory } from "../../bench/harness/history.js";
import { type BenchWorld, benchWorld } from "../../bench/harness/world.js";
import type { Operation } from "../../protocol/operation.js";
import { OPERATIONS } from "./operations.js";
import { SCENE_OPERATIONS } from "./scene-operations.js";

export class Seeded {
  #keys = 0;

  constructor(readonly world: BenchWorld) {}

  async submit(op: string, label: string | null = null, set: string[] = []): Promise<string> {
    const cwd = this.world.env.HOME!;
    const words = { op, set, cwd, ...(label !== null && { label }) };
    return (await this.world.client.submit(words, `scene-${++this.#keys}`)).id;
  }

  /** Resolves once the operation is as asked for. */
  async until(id: string, fits: (operation: Operation) => boolean): Promise<Operation> {
    for (let tries = 0; tries < 3000; tries++) {
      const operation = await this.world.client.show(id);
      if (fits(operation)) return operation;
      await delay(50);
    }
    throw new Error(`operation ${id} never came so far`);
  }

  /** Resolves once the chain that began with `id` has ended or waits for nobody. */
  async end(id: string): Promise<void> {
    const { chain } = await this.until(id, ({ state }) => !["queued", "running"].includes(state));
    if (chain.next !== null) await this.end(chain.next);
  }

  /** Cancels what is live, so that one scene is not in the next. */
  async quiet(): Promise<void> {
    const { operations } = await this.world.client.list({ state: ["queued", "running"] });
    for (const { id } of operations) await this.world.client.cancel(id);
    for (const { id } of operations) await this.until(id, ({ finishedAt }) => finishedAt !== null);
  }
}

/** What a daemon holds before its scenes: one daemon for all scenes with the same seed. */
export const SEEDS = {
  none: async () => {
    const world = await benchWorld();
    world.run("liveopsd", "stop");
    return new Seeded(world);
  },
  nothing: async () => new Seeded(await benchWorld({ ops: OPERATIONS })),
  small: async () => {
    const seeded = new Seeded(
      await benchWorld({ ops: { ...OPERATIONS, ...SCENE_OPERATIONS }, flags: ["--concurrency", "8"] }),
    );
    const ids = [
      await seeded.submit("extract", "nightly"),
      await seeded.submit("extract", "nightly"),
      await seeded.submit("release", "release 4.1"),
      await seeded.submit("pipeline"),
      await seeded.submit("pipeline"),
      await seeded.submit("deploy", "prod rollout"),
      await seeded.submit("deploy", "staging rollout", ["fails=false"]),
      await seeded.submit("import", "customers of the CRM"),
      await seeded.submit("extract", "nightly of a table with quite a long name", ["table=invoices"]),
    ];
    const cancelled = await seeded.submit("release", "release 4.0");
    await seeded.until(cancelled, ({ currentStage }) => currentStage === 1);
    await seeded.world.client.cancel(cancelled);
    for (const id of ids) await seeded.end(id);
    return seeded;
  },
  many: async () => {
    const ops = { ...OPERATIONS, ...SCENE_OPERATIONS };
    const seeded = new Seeded(
      await benchWorld({ ops, flags: ["--concurrency", "2"], prepare: (dir) => fillHistory(dir, 10_000) }),
    );
    for (let album = 1; album <= 202; album++)
      await seeded.submit("sleep", album % 3 ? null : `album ${album}`, [`album=${album}`]);
    return seeded;
  },
  lines: async () => {
    const seeded = new Seeded(await benchWorld({ ops: SCENE_OPERATIONS }));
    const id = await seeded.submit("lines");
    await seeded.until(id, ({ currentStage }) => currentStage === 1);
    return seeded;
  },
} satisfies Record<string, () => Promise<Seeded>>;

export interface Scene {
  seed: keyof typeof SEEDS;
  /** Brings the daemon where the picture is taken; returns the id to select. */
  before?: (seeded: Seeded) => Promise<string | null>;
  /** Typed one after the other; a number waits so many milliseconds. */
  keys?: readonly (string | number)[];
  /** What the title bar of the terminal, or the screen, must show before it is taken. */
  shows: RegExp;
}

const newest = (op: string, state: Operation["state"]) => async (seeded: Seeded) => {
  const { operations } = await seeded.world.client.list({ op, state: [state], limit: 1 });
  return operations[0]?.id ?? null;
};

/** A chain of three in its second link, and another operation beside it. */
async function middle(seeded: Seeded): Promise<string> {
  await seeded.quiet();
  const first = await seeded.submit("extract", "nightly");
  await seeded.submit("release", "release 4.2");
  const { chain } = await seeded.until(first, ({ state }) => state === "succeeded");
  await seeded.until(chain.next!, ({ currentStage }) => currentStage >= 1);
  return chain.next!;
}

async function quiet(seeded: Seeded): Promise<null> {
  await seeded.quiet();
  return null;
}

const running = (op: string, set: string[], stage: number) => async (seeded: Seeded) => {
  await seeded.quiet();
  const id = await seeded.submit(op, null, set);
  await seeded.until(id, ({ currentStage }) => currentStage >= stage);
  await delay(1500);
  return id;
};

export const SCENES: Record<string, Scene> = {
  "no-daemon": { seed: "none", shows: /no daemon/i },
  nothing: { seed: "nothing", shows: /liveops/ },
  "one-running": { seed: "small", before: running("release", [], 1), shows: /release|Release/ },
  chain: { seed: "small", before: middle, shows: /Transform/ },
  stages: { seed: "small", before: running("pipeline", ["slow=200"], 15), shows: /Release train/ },
  failed: { seed: "small", before: newest("import", "failed"), shows: /4711/ },
  cancelled: { seed: "small", before: newest("release", "cancelled"), shows: /cancelled/ },
  coloured: { seed: "small", before: running("coloured", [], 1), shows: /front end/ },
  wide: { seed: "small", before: running("wide", [], 1), shows: /顧客/ },
  details: { seed: "small", before: newest("import", "failed"), keys: ["v", 400], shows: /4711/ },
  timeline: { seed: "small", before: middle, keys: ["t", 900], shows: /Timeline/ },
  replay: {
    seed: "small",
    before: middle,
    keys: ["t", 900, "\x1b[5~", "\x1b[5~", "\x1b[D", 300],
    shows: /Timeline/,
  },
  types: { seed: "small", before: quiet, keys: ["s", 700], shows: /extract/ },
  form: { seed: "small", before: quiet, keys: ["s", 700, "deploy", "\r", 700], shows: /target/ },
  palette: { seed: "small", before: newest("import", "failed"), keys: [":", 300], shows: /:/ },
  "palette-typed": { seed: "small", before: newest("import", "failed"), keys: [":", "rm", 300], shows: /rm/ },
  hosts: { seed: "small", before: quiet, keys: ["H", 400], shows: /Hosts/ },
  help: { seed: "small", before: quiet, keys: ["?", 300], shows: /[Kk]eys/ },
  filter: { seed: "small", before: quiet, keys: ["/", "nightly", 700], shows: /nightly/ },
  "filter-nothing": { seed: "small", before: quiet, keys: ["/", "zebra", 700], shows: /zebra/ },
  cancel: { seed: "small", before: middle, keys: ["c", 300], shows: /\?/ },
  queued: { seed: "many", shows: /Queued|queued/ },
  finished: { seed: "many", keys: ["G", 1500], shows: /number/ },
  lines: { seed: "lines", shows: /Index/ },
  "full-log": { seed: "lines", keys: ["F", 500], shows: /Log/ },
};
