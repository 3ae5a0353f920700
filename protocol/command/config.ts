/**
 * The config file, read by every command and by the daemon: flags > environment > this file.
 *
 * Read on each start, synchronously; absent is an empty one, a broken one is wrong usage (exit 2).
 */
import { readFileSync } from "node:fs";
import { configFile, type PlaceConfig } from "../places.js";
import { UsageError } from "./failures.js";

export interface Config extends PlaceConfig {
  /** Operations that run at the same time. */
  concurrency?: number | undefined;
}

type Env = Record<string, string | undefined>;

/** @throws UsageError where the file is there but is not what it must be. */
export function readConfig(env: Env = process.env): Config {
  const file = configFile(env);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return {};
    throw new UsageError(`the config file cannot be read: ${message}`);
  }
  return checked(parse(text, file), file);
}

function parse(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${file} must hold a JSON object, such as {"concurrency": 4}`);
  }
  return value as Record<string, unknown>;
}

function checked(value: Record<string, unknown>, file: string): Config {
  const { stateDir, socket, ops, concurrency } = value;
  const must = (holds: boolean, text: string) => {
    if (!holds) throw new UsageError(`${file}: ${text}`);
  };
  const path = (it: unknown) => it === undefined || (typeof it === "string" && it !== "");
  must(path(stateDir), "stateDir must be a path");
  must(path(socket), "socket must be a path");
  must(
    ops === undefined || (Array.isArray(ops) && ops.every((it) => typeof it === "string")),
    "ops must be a list of paths",
  );
  must(
    concurrency === undefined || (Number.isInteger(concurrency) && (concurrency as number) >= 1),
    "concurrency must be a whole number from 1",
  );
  return { stateDir, socket, ops, concurrency } as Config;
}
