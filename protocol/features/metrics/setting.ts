/** The setting `metrics`. */
import type { Setting } from "../../system/setting.js";
import { formatMetricsAddress, METRICS_ADDRESS, parseMetricsAddress } from "./metrics-address.js";

export const metrics = {
  description:
    'TCP address that serves `GET /metrics` for Prometheus, such as `"127.0.0.1:9464"`; see [metrics](operating.md#metrics)',
  defaultText: "none: only the socket does",
  schema: {
    type: "string",
    pattern: "^([^:]*:|\\[.+\\]:)?\\d{1,5}$",
    check: (address: string) =>
      parseMetricsAddress(address) === null ? `must be ${METRICS_ADDRESS}` : null,
    expected: METRICS_ADDRESS,
  },
  whole: (address: string) => formatMetricsAddress(parseMetricsAddress(address)!),
} as const satisfies Setting;
