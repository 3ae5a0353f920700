/** Scenes of the measure `honest-time`: runs, and what earlier runs took. */
import { paramsKey } from "../../protocol/estimate/usual.js";
import type { Operation } from "../../protocol/operation.js";
import { type Random, type Run, randomOf, run, scatter, type Work } from "./made-up.js";
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
  /** What the earlier runs did, and how often. Default: the same as now, with the same parameters. */
  readonly earlier?: { readonly runs: number; readonly works?: readonly Work[]; readonly hasOthers?: true };
}

/** Durations of the same work scatter that much from run to run. */
const SCATTER = 0.05;

const LIKE = { runs: 11 };

/** A tenth of the work takes a third of the time. */
const slowStart = (share: number) => (share < 0.1 ? share * 3.33 : 0.333 + ((share - 0.1) * 0.667) / 0.9);
/** The first third of the work takes a tenth of the time. */
const slower = (share: number) => (share < 0.33 ? share * 0.303 : 0.1 + ((share - 0.33) * 0.9) / 0.67);
/** The first fifth of the work takes half of the time. */
const faster = (share: number) => (share < 0.2 ? share * 2.5 : 0.5 + ((share - 0.2) * 0.5) / 0.8);

const three = (over: Partial<Work> = {}, factor = 1): Work[] => [
  { stage: "Read", seconds: 20 * factor },
  { stage: "Transform", seconds: 60 * factor, ...over },
  { stage: "Write", seconds: 20 * factor },
];
const one = (over: Partial<Work>): Work[] => [{ stage: "Work", seconds: 100, ...over }];

export const SCENES: readonly Scene[] = [
  { name: "silent stages, as before", links: [{ works: three(), earlier: LIKE }] },
  { name: "items, as before", links: [{ works: three({ items: 600 }), earlier: LIKE }] },
  { name: "items, first run", links: [{ works: one({ items: 500 }) }] },
  { name: "percent, first run", links: [{ works: one({ percents: 100 }) }] },
  {
    name: "200 items instead of 20",
    links: [
      {
        works: one({ items: 200 }),
        earlier: { runs: 3, works: one({ seconds: 10, items: 20 }), hasOthers: true },
      },
    ],
  },
  {
    name: "percent alone, ten times longer",
    links: [
      {
        works: one({ percents: 100 }),
        earlier: { runs: 5, works: one({ seconds: 10, percents: 100 }), hasOthers: true },
      },
    ],
  },
  {
    name: "silent, other parameters before",
    links: [{ works: one({}), earlier: { runs: 5, works: one({ seconds: 8 }), hasOthers: true } }],
  },
  { name: "slow start, items, first run", links: [{ works: one({ items: 400, when: slowStart }) }] },
  {
    name: "slow start, items, as before",
    links: [{ works: one({ items: 400, when: slowStart }), earlier: LIKE }],
  },
  { name: "slow start, percent, first run", links: [{ works: one({ percents: 200, when: slowStart }) }] },
  { name: "gets slower, items", links: [{ works: one({ items: 400, when: slower }) }] },
  { name: "gets slower, percent", links: [{ works: one({ percents: 100, when: slower }) }] },
  {
    name: "gets slower as before, percent",
    links: [{ works: one({ percents: 100, when: slower }), earlier: LIKE }],
  },
  { name: "gets faster, items", links: [{ works: one({ items: 400, when: faster }) }] },
  { name: "uneven items", links: [{ works: one({ items: 150, noise: 0.8 }) }] },
  { name: "few items", links: [{ works: one({ items: 12, noise: 0.3 }) }] },
  { name: "steps of ten percent", links: [{ works: one({ percents: 10, noise: 0.2 }) }] },
  { name: "paused, items", links: [{ works: three({ items: 600 }), earlier: LIKE }], pause: [0.35, 90] },
  { name: "paused, silent", links: [{ works: three(), earlier: LIKE }], pause: [0.35, 90] },
  {
    name: "retried at 60 % of the items",
    links: [
      { works: three({ items: 300, failsAt: 0.6 }), earlier: { runs: 11, works: three({ items: 300 }) } },
    ],
  },
  {
    name: "twice as slow as before, items",
    links: [{ works: one({ items: 300, seconds: 200 }), earlier: { runs: 11, works: one({ items: 300 }) } }],
  },
  {
    name: "a new silent stage",
    links: [{ works: [...three(), { stage: "Publish", seconds: 30 }], earlier: { runs: 7, works: three() } }],
  },
  {
    name: "longer than ever, silent",
    links: [{ works: three({}, 2.5), earlier: { runs: 9, works: three() } }],
  },
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
      { works: three() },
      { works: one({ seconds: 20 }), earlier: LIKE },
    ],
  },
];

/** A play of the scene; another seed scatters the durations anew. */
export async function linksOf({ links, pause }: Scene, seed: number): Promise<Link[]> {
  const random = randomOf(seed);
  const played: Link[] = [];
  for (const [i, { works, earlier }] of links.entries()) {
    const now = await run(scattered(works, random), random);
    const isLike = earlier?.hasOthers !== true;
    played.push({
      run: i === 0 && pause ? pausedAt(now, ...pause) : now,
      earlier: await earlierRuns(earlier, works, random),
      params: isLike ? paramsKey(now.record) : "other",
    });
  }
  return played;
}

async function earlierRuns(
  earlier: Part["earlier"],
  works: readonly Work[],
  random: Random,
): Promise<Operation[]> {
  const runs: Run[] = [];
  for (let n = 0; n < (earlier?.runs ?? 0); n++)
    runs.push(await run(scattered(earlier?.works ?? works, random), random));
  return runs.map(({ record }) => record);
}

const scattered = (works: readonly Work[], random: Random): Work[] =>
  works.map((work) => ({ ...work, seconds: work.seconds * scatter(random, SCATTER) }));
