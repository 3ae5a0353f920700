/**
 * Time until the first frame of the dashboard, compared with a bare Ink program that shows one line. Both run on a pty
 * and are bundled in the same way.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { World } from "../../test/tui/dashboard/world.js";
import { bundleInk, type Shown, startDashboard, startOn } from "../harness/dashboard.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";

const HELLO = `
  import { render, Text } from "ink";
  import { createElement } from "react";
  render(createElement(Text, null, "a bare program"));
  setInterval(() => {}, 1000);
`;

export default async function firstFrame({ quick }: MeasureOptions): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  try {
    const hello = await bundleInk(dir, HELLO);
    await using world = await World.start();
    const { ours, bare } = await interleave(
      {
        ours: () => untilShown(() => startDashboard(world.socket), "liveops"),
        bare: () => untilShown(() => startOn([hello]), "a bare program"),
      },
      quick ? 3 : 15,
    );
    return [
      compared(
        "dashboard, first frame",
        ours,
        { what: "a bare Ink program", samples: bare },
        { unit: "ms", goal: { of: "ratio", atMost: 1.3 }, notes: "from spawn, on a pty of 160x50" },
      ),
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function untilShown(start: () => Shown, text: string): Promise<number> {
  const began = performance.now();
  const shown = start();
  await shown.data((data) => data.includes(text));
  const took = performance.now() - began;
  shown.kill();
  return took;
}
