/** Scenes of the measure `honest-time`: runs, and what earlier runs took. */
import { paramsKey } from "../../protocol/estimate/usual.js";
import type { Operation } from "../../protocol/operation.js";
import { randomOf, run, scatter, type Work } from "./made-up.js";
import { type Link, pausedAt } from "./play.js";

export interface Scene {
  readonly name: string;
  /** The links of a chain; one of them: an operation alone. */
  readonly links: readonly Part[];
  /** A pause of so many seconds after a share of the first link. */
  readonly pause?: readonly [share: number, seconds: number];
}

interface Part {
  readonly works: readonly Work[];
  readonly earlier: Earlier;
}

/**
 * The earlier runs. `works`: what they did; default: the same as now. `hasOthers`: with other
 * parameters.
 */
interface Earlier {
  readonly runs: number;
  readonly works?: readonly Work[];
  readonly hasOthers?: true;
}

/** Durations of the same work scatter that much from run to run. */
const SCATTER = 0.05;

const LIKE: Earlier = { runs: 11 };
const NEVER: Earlier = { runs: 0 };

/** A tenth of the work takes a third of the time. */
const slowStart = (share: number) =>
  share < 0.1 ? share * 3.33 : 0.333 + ((share - 0.1) * 0.667) / 0.9;
/** The first third of the work takes a tenth of the time. */
const slower = (share: number) =>
  share < 0.33 ? share * 0.303 : 0.1 + ((share - 0.33) * 0.9) / 0.67;
/** The first fifth of the work takes half of the time. */
const faster = (share: number) => (share < 0.2 ? share * 2.5 : 0.5 + ((share - 0.2) * 0.5) / 0.8);

const three = (over: Partial<Work> = {}, factor = 1): Work[] => [
  { stage: "Read", seconds: 20 * factor },
  { stage: "Transform", seconds: 60 * factor, ...over },
  { stage: "Write", seconds: 20 * factor },
];
const one = (over: Partial<Work>): Work[] => [{ stage: "Work", seconds: 100, ...over }];

const alone = (name: string, works: readonly Work[], earlier: Earlier = NEVER): Scene => ({
  name,
  links: [{ works, earlier }],
});
/** Earlier runs with other parameters. */
const others = (runs: number, works: readonly Work[]): Earlier => ({
  runs,
  works,
  hasOthers: true,
});
const paused = (scene: Scene): Scene => ({ ...scene, pause: [0.35, 90] });

export const SCENES: readonly Scene[] = [
  alone("silent stages, as before", three(), LIKE),
  alone("items, as before", three({ items: 600 }), LIKE),
  alone("items, first run", one({ items: 500 })),
  alone("percent, first run", one({ percents: 100 })),
  alone("200 items instead of 20", one({ items: 200 }), others(3, one({ seconds: 10, items: 20 }))),
  alone(
    "percent alone, ten times longer",
    one({ percents: 100 }),
    others(5, one({ seconds: 10, percents: 100 })),
  ),
  alone("silent, other parameters before", one({}), others(5, one({ seconds: 8 }))),
  alone("slow start, items, first run", one({ items: 400, when: slowStart })),
  alone("slow start, items, as before", one({ items: 400, when: slowStart }), LIKE),
  alone("slow start, percent, first run", one({ percents: 200, when: slowStart })),
  alone("gets slower, items", one({ items: 400, when: slower })),
  alone("gets slower, percent", one({ percents: 100, when: slower })),
  alone("gets slower as before, percent", one({ percents: 100, when: slower }), LIKE),
  alone("gets faster, items", one({ items: 400, when: faster })),
  alone("uneven items", one({ items: 150, noise: 0.8 })),
  alone("few items", one({ items: 12, noise: 0.3 })),
  alone("steps of ten percent", one({ percents: 10, noise: 0.2 })),
  paused(alone("paused, items", three({ items: 600 }), LIKE)),
  paused(alone("paused, silent", three(), LIKE)),
  alone("retried at 60 % of the items", three({ items: 300, failsAt: 0.6 }), {
    runs: 11,
    works: three({ items: 300 }),
  }),
  alone("twice as slow as before, items", one({ items: 300, seconds: 200 }), {
    runs: 11,
    works: one({ items: 300 }),
  }),
  alone("a new silent stage", [...three(), { stage: "Publish", seconds: 30 }], {
    runs: 7,
    works: three(),
  }),
  alone("longer than ever, silent", three({}, 2.5), { runs: 9, works: three() }),
  {
    name: "chain, all links known",
    links: [
      { works: one({ seconds: 30, items: 100 }), earlier: LIKE },
      { works: three({ items: 200 }), earlier: LIKE },
      { works: one({ seconds: 20 }), earlier: LIKE },
    ],
  },
  {
    name: "chain, a link unknown",
    links: [
      { works: one({ seconds: 30, items: 100 }), earlier: LIKE },
      { works: three(), earlier: NEVER },
      { works: one({ seconds: 20 }), earlier: LIKE },
    ],
  },
];

const bare = (over: Partial<Work>): Work[] => [{ stage: "", seconds: 20, ...over }];
const pipeline = (count: number, over: Partial<Work> = {}): Work[] =>
  Array.from({ length: count }, (_, i) => ({
    stage: `Stage ${i + 1}`,
    seconds: 1 + (i % 4),
    ...over,
  }));
/** Two fifths of the work take a fifth of the time. */
const slows = (share: number) => (share < 0.4 ? share / 2 : 0.2 + ((share - 0.4) * 0.8) / 0.6);
/** Nothing is done in the first fifth of the time. */
const warmUp = (share: number) => 0.2 + share * 0.8;
const nightly = (runs: number): Scene => ({
  name: `chain, run ${runs + 1}`,
  links: [
    { works: [{ stage: "Extract", seconds: 6, items: 40 }], earlier: { runs } },
    {
      works: [
        { stage: "Read", seconds: 2, items: 40 },
        { stage: "Dedupe", seconds: 4 },
      ],
      earlier: { runs },
    },
    { works: [{ stage: "Load", seconds: 2.5 }], earlier: { runs } },
  ],
});

/** What people ran in front of a dashboard: short runs, few earlier ones. */
export const KINDS: readonly Scene[] = [
  nightly(0),
  nightly(1),
  nightly(2),
  alone("silent, known", bare({ seconds: 12 }), { runs: 3 }),
  alone("slow start, first run", one({ seconds: 18, items: 60, when: warmUp })),
  alone("slow start, known", one({ seconds: 18, items: 60, when: warmUp }), { runs: 2 }),
  alone("changing pace, first run", bare({ percents: 100, when: slows })),
  alone("changing pace, known", bare({ percents: 100, when: slows }), { runs: 2 }),
  { ...alone("12 stages, known, paused", pipeline(12), { runs: 3 }), pause: [0.35, 8] },
  alone("pipeline retried, known", pipeline(4, { items: 10, failsAt: 0.6 }), {
    runs: 3,
    works: pipeline(4, { items: 10 }),
  }),
  alone("many steps, never succeeded", [
    { stage: "Build", seconds: 14, items: 8, noise: 0.5 },
    { stage: "Shards", seconds: 20, items: 100 },
  ]),
  alone("[n/40] of a program, first run", bare({ items: 40, noise: 0.4 })),
  alone("[n/40] of a program, known", bare({ items: 40, noise: 0.4 }), { runs: 2 }),
  alone("10 Hz loop, first run", one({ seconds: 24, items: 240 })),
  alone("10 Hz loop, known", one({ seconds: 24, items: 240 }), { runs: 4 }),
  alone(
    "percent, other parameters",
    bare({ percents: 100 }),
    others(2, bare({ seconds: 8, percents: 100 })),
  ),
  alone("silent, other parameters", bare({ seconds: 24 }), others(2, bare({ seconds: 12 }))),
];

/** A play of the scene; another seed scatters the durations anew. */
export async function linksOf({ links, pause }: Scene, seed: number): Promise<Link[]> {
  const random = randomOf(seed);
  const scattered = (works: readonly Work[]) =>
    run(
      works.map((work) => ({ ...work, seconds: work.seconds * scatter(random, SCATTER) })),
      random,
    );
  const played: Link[] = [];
  for (const [i, { works, earlier }] of links.entries()) {
    const now = await scattered(works);
    const before: Operation[] = [];
    for (let n = 0; n < earlier.runs; n++)
      before.push((await scattered(earlier.works ?? works)).record);
    played.push({
      run: i === 0 && pause ? pausedAt(now, ...pause) : now,
      earlier: before,
      params: earlier.hasOthers ? "other" : paramsKey(now.record),
    });
  }
  return played;
}
