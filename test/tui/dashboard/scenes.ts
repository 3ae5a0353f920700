/** Golden screens of scenes: each at all sizes, through the real Ink on a screen model, compared as text. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Opened, openDashboard, SIZES } from "./open.js";
import { World } from "./world.js";

/** Longest wait for the rest of a screen, in ms. */
const SETTLED = 4_000;

export interface Scene {
  name: string;
  /** Puts operations there before the dashboard opens. */
  set?(world: World): void;
  id?: string;
  /** Does what leads to the screen, and waits until it is there. */
  show(opened: Opened, world: World): Promise<unknown>;
}

export function golden(scenes: readonly Scene[]): void {
  describe.each(SIZES)("%ix%i", (columns, rows) => {
    test.each(scenes)("$name", async ({ name, set, id, show }) => {
      await using world = await World.start();
      set?.(world);
      await using opened = openDashboard({
        socket: world.socket,
        size: [columns, rows],
        ...(id !== undefined && { id }),
      });
      await show(opened, world);
      const file = `golden/${name}-${columns}x${rows}.golden.txt`;
      // The spinner stands at whichever of its frames.
      const seen = () =>
        `${opened.screen
          .text()
          .replace(/^( liveops .*(?:reconnecting|no daemon|connecting)) \.*$/m, "$1")
          .replaceAll(world.socket, "SOCKET")}\n`;
      // What a scene waited for may be drawn before the rest of its screen is; one that never comes is compared as it stands.
      const path = fileURLToPath(new URL(file, import.meta.url));
      const golden = existsSync(path) ? readFileSync(path, "utf8") : null;
      if (golden !== null) await opened.screen.until(() => seen() === golden, SETTLED).catch(() => null);
      await expect(seen()).toMatchFileSnapshot(file);
    });
  });
}
