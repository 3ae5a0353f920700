/** `--metrics` of `liveops start`. */
import { InvalidArgumentError } from "commander";
import {
  formatMetricsAddress,
  METRICS_ADDRESS,
  parseMetricsAddress,
} from "../../../protocol/features/metrics/metrics-address.js";
import { NONE, type StartOption } from "../../cli/liveopsd/start-option.js";

export const metrics: StartOption = {
  flags: "--metrics <address>",
  description:
    "Serve GET /metrics for Prometheus on this TCP address, such as 127.0.0.1:9464; none: only on the socket (default: as in the config file)",
  parse: (text) => {
    if (text === NONE) return NONE;
    const address = parseMetricsAddress(text);
    if (address === null) throw new InvalidArgumentError(`Give ${METRICS_ADDRESS}; or ${NONE}.`);
    return formatMetricsAddress(address);
  },
  isMissing: (given, running) => given !== (running.metrics ?? NONE),
};
