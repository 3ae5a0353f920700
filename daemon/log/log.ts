/**
 * The interface of the daemon's log, with the keys of `log-keys.ts` alone, and fastify's way to it.
 */
import type { FastifyBaseLogger } from "fastify";
import type { Logger } from "pino";
import type { LogLevel } from "../../protocol/system/log-level.js";
import type { LogFields } from "./log-keys.js";

/**
 * The compiler checks only literals for unknown keys; this checks what a variable or a spread
 * brings, too.
 */
type OnlyKnown<F> = F & { readonly [K in Exclude<keyof F, keyof LogFields>]: never };

interface LogMethod {
  (message: string): void;
  <F extends LogFields>(fields: OnlyKnown<F>, message: string): void;
}

export interface Log extends Record<Exclude<LogLevel, "silent">, LogMethod> {
  isLevelEnabled(level: LogLevel): boolean;
}

interface FastifyFields {
  req?: { method: string; url: string };
  res?: { statusCode: number };
  responseTime?: number;
}

/** The number of a request as a key of fastify's own lines. */
export const REQUEST_KEY = "request" satisfies keyof LogFields;

/** The log for fastify, whose lines get the keys of all others. */
export function fastifyLog(log: Log): FastifyBaseLogger {
  return (log as unknown as Logger).child(
    {},
    { formatters: { log: ownKeys } },
  ) as FastifyBaseLogger;
}

/** Fields of fastify's own lines that have another name here; what has none is left out. */
export function ownKeys({
  req,
  res,
  responseTime,
  ...fields
}: FastifyFields & LogFields): Record<string, unknown> {
  const { err, method, url } = fields;
  return {
    ...(req ? { method: req.method, url: req.url } : { method, url }),
    ...(res && { status: res.statusCode }),
    ...(responseTime !== undefined && { ms: Math.round(responseTime) }),
    err,
  };
}
