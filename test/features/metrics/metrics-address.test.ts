/** The address of `--metrics`: an IP address with a port, loopback where no address is given. */
import { expect, test } from "vitest";
import {
  formatMetricsAddress,
  parseMetricsAddress,
} from "../../../protocol/features/metrics/metrics-address.js";

const normal = (text: string) => {
  const address = parseMetricsAddress(text);
  return address && formatMetricsAddress(address);
};

test.each([
  ["127.0.0.1:9464", "127.0.0.1:9464"],
  ["9464", "127.0.0.1:9464"],
  [":9464", "127.0.0.1:9464"],
  ["localhost:9464", "127.0.0.1:9464"],
  ["0.0.0.0:0", "0.0.0.0:0"],
  ["[::1]:65535", "[::1]:65535"],
  ["[::]:9464", "[::]:9464"],
])("%s is %s", (text, address) => {
  expect(normal(text)).toBe(address);
});

test.each([
  "",
  ":",
  "127.0.0.1",
  "127.0.0.1:",
  "127.0.0.1:65536",
  "1.2.3:9464",
  "127.0.0.1:99999",
  "9464x",
  "example.com:9464",
  "::1:9464",
  "[::1:9464",
  "[::1]",
  "a.b:1",
  "-1",
])("'%s' is refused", (text) => {
  expect(parseMetricsAddress(text)).toBeNull();
});
