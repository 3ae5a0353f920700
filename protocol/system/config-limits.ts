/** The limits of the config file. */

/** Limits of the daemon; `LIMITS` gives the meaning and the unit of each. */
export type Limits = Record<keyof typeof LIMITS, number>;

/** A limit in the config file: an integer. */
export interface Limit {
  default: number;
  min: number;
  max: number;
  description: string;
}

const MiB = 1024 * 1024;

/**
 * Default, minimum, maximum and meaning of each limit. `npm run docs` writes the table of
 * docs/configuration.md.
 */
export const LIMITS = {
  maxQueued: {
    default: 10_000,
    min: 1,
    max: 1_000_000,
    description:
      "Operations in the queue at most, of 32 KiB each on average; the next operation of a chain is never rejected",
  },
  maxLog: {
    default: 64 * MiB,
    min: MiB / 16,
    max: 64 * 1024 * MiB,
    description:
      "Bytes of the newest log lines of an attempt that are kept, as stored; a line reports the cut. The events and the unread output have the same limit each",
  },
  keepFinished: {
    default: 100_000,
    min: 0,
    max: 10_000_000,
    description: "Finished operations to keep; the oldest are removed first",
  },
  keepDays: {
    default: 180,
    min: 0,
    max: 36_500,
    description: "Days to keep a finished operation, by the system clock",
  },
  stallAfter: {
    default: 600,
    min: 1,
    max: 31_536_000,
    description:
      "Seconds without an event or a log line after which an operation stalls: the event `stall` of the setting `on`",
  },
  nice: {
    default: 5,
    min: 0,
    max: 19,
    description: "Niceness of the processes of operations; a higher number means a lower priority",
  },
} as const satisfies Record<string, Limit>;
