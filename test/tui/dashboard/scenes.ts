/**
 * Golden screens of scenes, compared as text. Each scene is drawn from its state at all sizes. A `whole` scene runs the
 * whole program too, with Ink, on a model of a terminal.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, type ExpectStatic, test } from "vitest";
import { openDashboard, SIZES } from "./open.js";
import { DrawnScreen } from "./screen.js";
import { World } from "./world.js";

/** Longest wait for the rest of a screen, in ms. */
const SETTLED = 15_000;

/** A directory for a picture in colour of each screen. */
const PICTURES = process.env.LIVEOPS_PICTURES;

const WHOLE_SIZES = SIZES.filter(([columns]) => [160, 80, 40].includes(columns));

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
}

export function golden(scenes: readonly Scene[]): void {
  describe.each(SIZES)("%ix%i", (columns, rows) => {
    test.concurrent.for(scenes)("$name", async (scene, { expect }) => {
      await using world = await World.start();
      scene.set?.(world);
      const screen = new DrawnScreen(world.socket, [columns, rows], scene.id);
      try {
        await compare(scene, { screen, press: (keys) => screen.press(keys) }, world, [columns, rows], expect);
        if (PICTURES) await screen.draw(`${PICTURES}/${scene.name}-${columns}x${rows}.svg`);
      } finally {
        screen.close();
      }
    });
  });

  const whole = scenes.filter((scene) => scene.whole);
  describe.runIf(whole.length > 0).each(WHOLE_SIZES)("the whole program, %ix%i", (columns, rows) => {
    test.for(whole)("$name", async (scene, { expect }) => {
      await using world = await World.start();
      scene.set?.(world);
      await using opened = openDashboard({
        socket: world.socket,
        size: [columns, rows],
        ...(scene.id !== undefined && { id: scene.id }),
      });
      await compare(scene, opened, world, [columns, rows], expect);
    });
  });
}

async function compare(
  { name, show }: Scene,
  shown: Shown,
  world: World,
  [columns, rows]: readonly [number, number],
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
