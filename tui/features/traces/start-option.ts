/** `--traces` of `liveops start`. */
import { UsageError } from "../../../protocol/failures.js";
import { parseTraces, TRACES_ENDPOINT } from "../../../protocol/features/traces/setting.js";
import { NONE, type StartOption } from "../../cli/liveopsd/start-option.js";

export const traces: StartOption = {
  flags: "--traces <url>",
  description:
    "Send OpenTelemetry traces to this OTLP/HTTP collector, such as http://127.0.0.1:4318; env: the one of OTEL_EXPORTER_OTLP_ENDPOINT; none: no traces (default: as in the config file)",
  /** The error does not repeat the URL, as those of the argument parser do: it may hold a password. */
  parse: (text) => {
    const url = text === NONE ? NONE : parseTraces(text);
    if (url !== null) return url;
    throw new UsageError(
      `--traces must be ${TRACES_ENDPOINT}, or ${NONE}`,
      "secrets belong in the variable OTEL_EXPORTER_OTLP_HEADERS, or in traces.headers of the config file",
    );
  },
  isMissing: (given, { flags, traces }) => ![flags.traces, traces?.url ?? NONE].includes(given),
};
