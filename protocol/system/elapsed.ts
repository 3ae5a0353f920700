/**
 * Milliseconds since this process began. `performance.now()` would load node:perf_hooks: a
 * millisecond of a command.
 */
export const elapsedMs = (): number => process.uptime() * 1000;
