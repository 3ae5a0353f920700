/** The screens of the list: chains in one row and unfolded, and narrowed by a filter. */
import { KEY } from "./open.js";
import { backup, backupDone, failed, queued, scanning, verify } from "./operations.js";
import { golden, type Scene } from "./scenes.js";
import type { World } from "./world.js";

const A = backupDone({
  chain: { id: "backupaaaaaa", index: 0, previous: null, next: "verifybbbbbb" },
});

function chained(world: World): void {
  for (const record of [A, verify(), failed()]) world.put(record);
}

function mixed(world: World): void {
  for (const record of [backup(), scanning(), queued(), failed()]) world.put(record);
}

const SCENES: Scene[] = [
  {
    name: "chain-folded",
    set: chained,
    show: ({ screen }) =>
      screen.until((text) => text.includes("Fails at") && text.includes("nightly")),
  },
  {
    name: "chain-unfolded",
    set: chained,
    async show({ screen, press }) {
      await screen.until("nightly");
      press("z");
      await screen.until("└ Back up");
    },
  },
  {
    name: "filter-typed",
    whole: true,
    set: mixed,
    async show({ screen, press }) {
      await screen.until("Fails at");
      press("/state:fa it");
      await screen.until(
        (text) =>
          text.includes("state:fa it") && !text.includes("Crawl") && text.includes("✗ Process"),
      );
    },
  },
  {
    name: "filter-nothing",
    set: mixed,
    async show({ screen, press }) {
      await screen.until("Fails at");
      press("/nosuch");
      press(KEY.enter);
      await screen.until((text) => text.includes("No matches for nosuch"));
    },
  },
];

golden(SCENES);
