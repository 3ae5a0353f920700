/** Explains why an operation failed, waits, or was odd. */
import type { MakeFeature } from "../../compose.js";
import { whyRoute } from "./route.js";
import { reasonOf, Whys } from "./whys.js";

export const why: MakeFeature = (parts) => {
  const { bus, layout, log, store, durations, loader, now, engine } = parts;
  const whys = new Whys({ bus, layout, log, store, durations, loader, now, runs: engine.runs });
  return {
    routes: whyRoute(parts, whys),
    start: () => whys.start(),
    stop: () => whys.stop(),
    reasonOf,
  };
};
