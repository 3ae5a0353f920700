/** Explains why an operation failed, waits, or was odd. */
import { isFinal } from "../../../protocol/state.js";
import type { MakeFeature, Parts } from "../../compose.js";
import type { FeatureRoutes } from "../../feature.js";
import { definition } from "../../http/route-definition.js";
import { forecastNow } from "../../http/routes/forecast.js";
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

/** `GET /v1/operations/:id/why`: why an operation is in its state. */
const whyRoute =
  (parts: Parts, whys: Whys): FeatureRoutes =>
  (app, _options, done) => {
    const { view, waiting, edges } = parts;
    app.route({
      ...definition("why"),
      handler: async ({ params, query }) => {
        const found = await view.find(params.id);
        if (found.run !== null) await parts.engine.runs.bring([found.record.id]);
        const entry = await view.find(found.record.id);
        const { state } = entry.record;
        const expected = isFinal(state) ? {} : (await forecastNow(parts, Date.now())).operations;
        const reasons = state === "queued" ? waiting.reasons(entry) : [];
        const waiters = edges.graph.directWaiters(entry.record.id);
        const present = { record: view.present(entry), reasons, waiters, expected };
        return whys.of(entry, present, query.partial);
      },
    });
    done();
  };
