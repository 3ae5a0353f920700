/**
 * Golden screens of scenes, compared as text. Each scene is drawn from its state at two sizes, at
 * one in `npm test`. A `whole` scene runs the whole program too, with Ink, on a model of a
 * terminal.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ExpectStatic, test } from "vitest";
import { QUICK } from "../../faults/mode.js";
import { openDashboard } from "./open.js";
import { DrawnScreen } from "./screen.js";
import { World } from "./world.js";

/** Longest wait for the rest of a screen, in ms. */
const SETTLED = 15_000;

/** A directory for a picture in colour of each screen. */
const PICTURES = process.env.LIVEOPS_PICTURES;

type Size = readonly [columns: number, rows: number];

const SIZES: readonly Size[] = [
  [160, 50],
  [80, 24],
];

/** Both arrangements of the panels: side by side, and one alone on the smallest terminal. */
const EVERY_SIZE: readonly Size[] = [...SIZES, [40, 15]];

export interface Shown {
  readonly screen: {
    readonly columns: number;
    rows(): string[];
    text(): string;
    until(fits: string | RegExp | ((text: string) => boolean), patience?: number): Promise<string>;
  };
  press(keys: string): void;
}

export interface Scene {
  name: string;
  /** Puts operations there before the dashboard opens. */
  set?(world: World): void;
  id?: string;
  /** Does what leads to the screen, and waits until it is there. */
  show(shown: Shown, world: World): Promise<unknown>;
  whole?: boolean;
  /** Shows the arrangements of the panels, not only what is in them. */
  everySize?: boolean;
}

const sizesOf = ({ everySize = false }: Scene) => (everySize ? EVERY_SIZE : SIZES);

export function golden(scenes: readonly Scene[]): void {
  const screens = scenes.flatMap((scene) =>
    sizesOf(scene)
      .slice(0, QUICK ? 1 : undefined)
      .map((size) => ({ ...scene, size, title: `${scene.name} at ${size.join("x")}` })),
  );
  test.concurrent.for(screens)("$title", async ({ size, ...scene }, { expect }) => {
    await using world = await World.start();
    scene.set?.(world);
    const screen = new DrawnScreen(world.socket, size, scene.id);
    try {
      await compare(scene, { screen, press: (keys) => screen.press(keys) }, world, size, expect);
      if (PICTURES) await screen.draw(`${PICTURES}/${scene.name}-${size.join("x")}.svg`);
    } finally {
      screen.close();
    }
  });

  const whole = scenes.filter((scene) => scene.whole);
  test.for(whole)("the whole program at its smallest size: $name", async (scene, { expect }) => {
    const size = sizesOf(scene).at(-1)!;
    await using world = await World.start();
    scene.set?.(world);
    await using opened = openDashboard({
      socket: world.socket,
      size,
      ...(scene.id !== undefined && { id: scene.id }),
    });
    await compare(scene, opened, world, size, expect);
  });
}

async function compare(
  { name, show }: Scene,
  shown: Shown,
  world: World,
  [columns, rows]: Size,
  expect: ExpectStatic,
): Promise<void> {
  await show(shown, world);
  const file = `golden/${name}-${columns}x${rows}.golden.txt`;
  const seen = () => `${shown.screen.text().replaceAll(world.socket, "SOCKET")}\n`;
  // A screen may be drawn in parts. A screen that never matches is compared as it stands.
  const path = fileURLToPath(new URL(file, import.meta.url));
  const golden = existsSync(path) ? readFileSync(path, "utf8") : null;
  if (golden !== null) await shown.screen.until(() => seen() === golden, SETTLED).catch(() => null);
  await expect(seen()).toMatchFileSnapshot(file);
}
