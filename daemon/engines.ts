/** The engines that a daemon can run on: this machine alone, or one that a feature adds. */
import { embeddedEngine } from "./embedded-engine.js";
import type { MakeEngine } from "./engine.js";
import { Fleet } from "./features/fleet/fleet.js";
import type { Settings } from "./settings.js";

export function engineOf({ fleet }: Settings): MakeEngine {
  if (fleet !== null) return (parts) => new Fleet(parts, fleet);
  return embeddedEngine;
}
