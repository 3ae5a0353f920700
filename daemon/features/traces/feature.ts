/** Sends a trace of each operation to a collector of OpenTelemetry. */
import type { MakeFeature } from "../../compose.js";
import { Tracing } from "./tracing.js";

export const traces: MakeFeature = ({ bus, find, settings, log }) => {
  const host = settings.fleet?.host ?? null;
  const tracing = new Tracing({ bus, find, settings: settings.traces, host, log });
  return {
    begin: () => tracing.begin(),
    // After all that makes spans.
    end: () => tracing.stop(),
    isTraced: (id) => tracing.isSampled(id),
    shownWhole: (id) => {
      const traceparent = tracing.traceparentOf(id);
      return traceparent === null ? null : { traceparent };
    },
    report: () => ({ traces: tracing.report() }),
    sample: (put) => {
      const report = tracing.report();
      if (report === null) return;
      put("liveops_trace_spans_exported_total", {}, report.exported);
      for (const [reason, spans] of Object.entries(report.dropped))
        put("liveops_trace_spans_dropped_total", { reason }, spans);
    },
  };
};
