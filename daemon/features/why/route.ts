/** `GET /v1/operations/:id/why`: why an operation is in its state. */
import { isFinal } from "../../../protocol/state.js";
import type { Parts } from "../../compose.js";
import type { FeatureRoutes } from "../../feature.js";
import { definition } from "../../http/route-definition.js";
import { forecastNow } from "../../http/routes/forecast.js";
import type { Whys } from "./whys.js";

export const whyRoute =
  (parts: Parts, whys: Whys): FeatureRoutes =>
  (app, _options, done) => {
    const { view, waiting } = parts;
    app.route({
      ...definition("why"),
      handler: async ({ params, query }) => {
        const found = await view.find(params.id);
        if (found.run !== null) await parts.engine.runs.bring([found.record.id]);
        const entry = await view.find(found.record.id);
        const { state } = entry.record;
        const expected = isFinal(state) ? {} : (await forecastNow(parts, Date.now())).operations;
        const reasons = state === "queued" ? waiting.reasons(entry) : [];
        return whys.of(entry, { record: view.present(entry), reasons, expected }, query.partial);
      },
    });
    done();
  };
