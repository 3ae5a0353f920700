/**
 * The engines that a daemon can run on: those that features add, one a line, or this machine alone.
 */
import { embeddedEngine } from "./embedded-engine.js";
import type { MakeEngine } from "./engine.js";
import { fleetEngine } from "./features/fleet/fleet.js";
import type { Settings } from "./settings.js";

const ENGINES: ReadonlyArray<(settings: Settings) => MakeEngine | null> = [
  // Null: the settings do not ask for it.
  fleetEngine,
];

export function engineOf(settings: Settings): MakeEngine {
  const makers = ENGINES.map((engine) => engine(settings));
  return makers.find((make) => make !== null) ?? embeddedEngine;
}
