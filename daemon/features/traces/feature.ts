/** Sends a trace of each operation to a collector of OpenTelemetry. */

import { traceIdOf } from "../../../protocol/trace-context.js";
import type { MakeFeature } from "../../compose.js";
import { traceSettingsFrom } from "./trace-settings.js";
import { Tracing } from "./tracing.js";

export const traces: MakeFeature = ({ bus, find, settings, log, daemonLog }) => {
  const host = settings.fleet?.host ?? null;
  const collector = traceSettingsFrom(
    settings.flags.traces ?? undefined,
    settings.config.traces,
    settings.env,
  );
  const tracing = new Tracing({ bus, find, settings: collector, host, log });
  if (collector !== null) daemonLog.addFields((id) => ({ trace: traceIdOf(id) }));
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
