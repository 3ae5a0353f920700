/**
 * Generates the regions of docs/configuration.md from the config file reader and the table of
 * variables.
 */

import {
  ALLOWED_VARIABLES,
  BASE_VARIABLES,
  OPERATION_VARIABLES,
  PROGRAM_VARIABLES,
} from "../../protocol/environment.js";
import { LIMITS } from "../../protocol/system/config-limits.js";
import { SETTINGS } from "../../protocol/system/config-settings.js";
import type { Setting } from "../../protocol/system/setting.js";
import { code, type Regions, table } from "./markdown.js";

const UNITS = [
  [1024 ** 3, "GiB"],
  [1024 ** 2, "MiB"],
  [1024, "KiB"],
] as const;

export function configurationRegions(): Regions {
  const settings = Object.entries<Setting>(SETTINGS).map(([name, setting]) => [
    code(name),
    setting.description,
    setting.defaultText ?? code(JSON.stringify(setting.default)),
    "",
  ]);
  const limits = Object.entries(LIMITS).map(([name, limit]) => {
    const amount = limit.description.startsWith("Bytes") ? bytes : String;
    const range = `${amount(limit.min)} to ${amount(limit.max)}`;
    return [code(name), limit.description, amount(limit.default), range];
  });
  const names = (list: readonly string[]) => list.map(code).join(", ");
  return {
    settings: table(["key", "meaning", "default", "range"], [...settings, ...limits]),
    variables: table(
      ["set", "variables"],
      [
        ["base", names(BASE_VARIABLES)],
        ["default of `env.allow`", names(ALLOWED_VARIABLES)],
        ["default of `env.fromDaemon`", "none"],
      ],
    ),
    "operation variables": table(
      ["variable", "value"],
      Object.entries({ ...OPERATION_VARIABLES, ...PROGRAM_VARIABLES }).map(([name, meaning]) => [
        code(name),
        meaning,
      ]),
    ),
  };
}

/** `67108864 (64 MiB)` */
function bytes(count: number): string {
  const [size, unit] = UNITS.find(([size]) => count >= size && count % size === 0) ?? [1, "bytes"];
  return size === 1 ? String(count) : `${count} (${count / size} ${unit})`;
}
