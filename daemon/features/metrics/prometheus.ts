/**
 * The part of prom-client that the daemon uses. A bundle of its own, so that a daemon without
 * metrics does not load it.
 */
export { Counter, Gauge, Histogram, Registry } from "prom-client";
