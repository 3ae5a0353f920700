/** Golden screens of scenes: each at all sizes, through the real Ink on a screen model, compared as text. */
import { describe, expect, test } from "vitest";
import { type Opened, openDashboard, SIZES } from "./open.js";
import { World } from "./world.js";

export interface Scene {
  name: string;
  /** Puts operations there before the dashboard opens. */
  set(world: World): void;
  id?: string;
  /** Does what leads to the screen, and waits until it is there. */
  show(opened: Opened, world: World): Promise<unknown>;
}

export function golden(scenes: readonly Scene[]): void {
  describe.each(SIZES)("%ix%i", (columns, rows) => {
    test.each(scenes)("$name", async ({ name, set, id, show }) => {
      await using world = await World.start();
      set(world);
      await using opened = openDashboard({
        socket: world.socket,
        size: [columns, rows],
        ...(id !== undefined && { id }),
      });
      await show(opened, world);
      await expect(`${opened.screen.text().replaceAll(world.socket, "SOCKET")}\n`).toMatchFileSnapshot(
        `golden/${name}-${columns}x${rows}.golden.txt`,
      );
    });
  });
}
