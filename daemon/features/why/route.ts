/** `GET /v1/operations/:id/why`: why an operation is in its state. */
import { isFinal } from "../../../protocol/state.js";
import { definition, type RoutePlugin } from "../../http/route-definition.js";
import { forecastNow } from "../../http/routes/forecast.js";

export const whyRoute: RoutePlugin = (app, { context }, done) => {
  const { view, waiting, whys } = context;
  app.route({
    ...definition("why"),
    handler: async ({ params, query }) => {
      const found = await view.find(params.id);
      if (found.run !== null) await context.runs.bring([found.record.id]);
      const entry = await view.find(found.record.id);
      const { state } = entry.record;
      const expected = isFinal(state) ? {} : (await forecastNow(context, Date.now())).operations;
      const reasons = state === "queued" ? waiting.reasons(entry) : [];
      return whys.of(entry, { record: view.present(entry), reasons, expected }, query.partial);
    },
  });
  done();
};
