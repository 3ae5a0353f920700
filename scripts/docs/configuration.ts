/** Generates the region of docs/configuration.md from the settings of the config file reader. */
import { LIMITS, SETTINGS } from "../../protocol/command/config.js";
import { code, type Regions, table } from "./markdown.js";

const UNITS = [
  [1024 ** 3, "GiB"],
  [1024 ** 2, "MiB"],
  [1024, "KiB"],
] as const;

export function configurationRegions(): Regions {
  const settings = Object.entries(SETTINGS).map(([name, { description, default: text }]) => [
    code(name),
    description,
    text,
    "",
  ]);
  const limits = Object.entries(LIMITS).map(([name, limit]) => {
    const amount = limit.description.startsWith("Bytes") ? bytes : String;
    const range = `${amount(limit.min)} to ${amount(limit.max)}`;
    return [code(name), limit.description, amount(limit.default), range];
  });
  return { settings: table(["key", "meaning", "default", "range"], [...settings, ...limits]) };
}

/** `67108864 (64 MiB)` */
function bytes(count: number): string {
  const [size, unit] = UNITS.find(([size]) => count >= size && count % size === 0) ?? [1, "bytes"];
  return size === 1 ? String(count) : `${count} (${count / size} ${unit})`;
}
