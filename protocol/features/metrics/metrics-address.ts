/** The TCP address of `--metrics` and of the setting `metrics`. */
import { isIPv4, isIPv6 } from "node:net";

export interface MetricsAddress {
  /** An IP address: a host name may resolve to an address that other machines reach. */
  host: string;
  /** 0: a free port, chosen by the system. */
  port: number;
}

const LOOPBACK = "127.0.0.1";

/** The form of an address, for messages. */
export const METRICS_ADDRESS =
  "ADDRESS:PORT with an IP address, such as 127.0.0.1:9464 or [::1]:9464";

/**
 * Without an address, or with `localhost`, the address is loopback. Null where the text is not
 * valid.
 */
export function parseMetricsAddress(text: string): MetricsAddress | null {
  const [, six, name = "", digits] = /^(?:\[([^\]]+)\]:|([^:[\]]*):)?(\d{1,5})$/.exec(text) ?? [];
  if (digits === undefined) return null;
  const port = Number(digits);
  if (port > 65_535) return null;
  if (six !== undefined) return isIPv6(six) ? { host: six, port } : null;
  if (name === "" || name === "localhost") return { host: LOOPBACK, port };
  return isIPv4(name) ? { host: name, port } : null;
}

export function formatMetricsAddress({ host, port }: MetricsAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
