/**
 * Odd numbers as text, in the record's error, for actions and on every screen: `size 0.7 GiB,
 * usually 1.9 to 2.1 GiB`.
 */
import type { Odd } from "../operation.js";
import { unitFor } from "./count.js";

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const TIMES = [
  ["s", 1],
  ["min", 60],
  ["h", 3600],
] as const;

/** Untrusted text: the name is the operation's. */
export function oddText({ name, value, low, high, unit }: Odd): string {
  const { by, sign } = scaleOf(unit, Math.max(Math.abs(low), Math.abs(high)) || Math.abs(value));
  const [from, to] = [amount(low / by), amount(high / by)];
  const usual = from === to ? from : `${from} to ${to}`;
  // A value of another size, such as 12 B beside gigabytes, has its own unit.
  const its = scaleOf(unit, Math.abs(value));
  const own = value === 0 || (its.by < by && Math.abs(value) >= by / 20) ? { by, sign } : its;
  return `${name} ${amount(value / own.by)}${own.sign}, usually ${usual}${sign}`;
}

function scaleOf(unit: string | undefined, size: number): { by: number; sign: string } {
  if (unit === "bytes") {
    const step = Math.min(
      BYTES.length - 1,
      Math.max(0, Math.floor(Math.log2(Math.max(1, size)) / 10)),
    );
    return { by: 1024 ** step, sign: ` ${BYTES[step]}` };
  }
  if (unit === "seconds") {
    const [sign, by] = TIMES.findLast(([, seconds]) => size >= 2 * seconds) ?? TIMES[0];
    return { by, sign: ` ${sign}` };
  }
  return { by: 1, sign: unit === undefined ? "" : ` ${unitFor(size, unit)}` };
}

/** Three figures, two below 1, and all figures before the point: `0.65`, `1.95`, `1,020`. */
function amount(value: number): string {
  const figures = Math.abs(value) < 1 ? 2 : 3;
  const isWhole = Number.isInteger(value) || Math.abs(value) >= 100;
  return value.toLocaleString(
    "en-US",
    isWhole ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: figures },
  );
}
