/**
 * A watch stream over the real files of a log that its worker writes, and rotates, while the daemon
 * looks at them.
 */
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { LogReaders } from "../../../daemon/run-files/log-readers.js";
import { linesAfter } from "../../../daemon/run-files/log-slices.js";
import { localFiles } from "../../../daemon/run-files/runs.js";
import { RecordTail } from "../../../daemon/scheduler/record-tail.js";
import type { Entry } from "../../../daemon/store/decision.js";
import { Hub } from "../../../daemon/watch/hub.js";
import { reduceEvent } from "../../../protocol/reduce.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { cases } from "../../faults/mode.js";
import { FileWriter, placeIn } from "../../harness/file-writer.js";
import { AT, Story } from "../../harness/records.js";
import { useDirectories } from "../../harness/temporary.js";
import { FakeResponse } from "./fake-response.js";
import { ALL } from "./watched-world.js";

const directory = useDirectories();

/** Bytes: a part of the log holds some 35 lines, and all parts hold more lines than are written. */
const MAX_LOG = 256 * 1024;
const MOST_LINES = 600;

class Followed {
  readonly entry = { record: new Story().started().record() } as Entry;
  readonly bus = new Bus();
  readonly #readers = new LogReaders(this.bus, false);
  /** How many lines the worker writes at each of the next looks at a file. */
  meanwhile: number[] = [];
  #written = 0;
  readonly #dir = join(directory(), this.id, "1");
  readonly #writer = new FileWriter(this.#dir, this.entry.record.seq, 0, MAX_LOG);
  readonly tail = new RecordTail(this.entry, this.#dir, {
    bus: this.bus,
    isOwn: true,
    files: placeIn(this.#dir),
    isLogRead: () => this.#readers.has(this.id),
    onEvent: () => {},
    onDamage: (message) => expect.unreachable(message),
  });
  readonly hub = new Hub(
    this.bus,
    {
      record: () => this.entry.record,
      matching: () => [this.entry.record],
      queued: () => [],
      firstQueued: () => [],
      queuedCount: () => 0,
      places: () => new Map(),
      counts: () => NO_COUNTS,
      linesAfter: (_id, after, limit) => this.#linesAfter(after, limit),
    },
    this.#readers,
    { of: () => Promise.reject(new Error("nobody asks")) },
  );

  constructor() {
    this.bus.on("logRead", () => this.tail.read());
  }

  get id(): string {
    return this.entry.record.id;
  }

  #linesAfter(after: number, limit: number) {
    const files = localFiles(join(this.#dir, ".."));
    const log: typeof files.log = (attempt, isBefore = () => false) =>
      files.log(attempt, (line) => {
        this.write(this.meanwhile.shift() ?? 0);
        return isBefore(line);
      });
    return linesAfter({ ...files, log }, after, limit).lines;
  }

  write(count: number): void {
    for (let n = 0; n < count && this.#written < MOST_LINES; n++)
      this.#writer.outputLines("stdout", null, [`line ${++this.#written} ${"x".repeat(100)}`]);
  }

  /** The worker ends, and the daemon records it. */
  finish(): number {
    this.meanwhile = [];
    this.#writer.finish({
      type: "attempt:finished",
      state: "succeeded",
      result: null,
      error: null,
      next: null,
      seconds: 1,
    });
    this.#writer.close();
    this.tail.read();
    this.tail.close();
    const before = this.entry.record;
    const event = {
      type: "operation:finished",
      state: "succeeded",
      result: null,
      error: null,
      next: null,
    } as const;
    this.entry.record = reduceEvent(before, { ...event, seq: before.seq + 1, at: AT, attempt: 1 });
    this.bus.emit("record", this.entry, before);
    return this.#written;
  }

  /** The hub sends in the turn of the event loop after this one. */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
  }
}

type Step = { write: number } | { meanwhile: number[] } | "read" | "turn" | "drain" | "other";

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ write: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ meanwhile: fc.array(fc.constantFrom(0, 0, 1, 40), { maxLength: 6 }) }),
  fc.constantFrom<Step>("read", "read", "turn", "turn", "drain", "other"),
);

/**
 * The log is renamed after its first line was read, and while the line to begin with is looked for.
 */
const RENAMED: Array<[Step[], number]> = [
  [[{ write: 1 }, "read", "turn", { meanwhile: [40] }, "drain"], 1],
  [
    [
      { write: 5 },
      "read",
      "drain",
      "turn",
      { write: 1 },
      "read",
      "turn",
      { meanwhile: [0, 40] },
      "drain",
    ],
    1,
  ],
];

async function follow(of: "one" | "all", steps: readonly Step[], room: number): Promise<void> {
  const followed = new Followed();
  const { hub, tail, id } = followed;
  /** Another stream, which reads nothing. */
  let other: FakeResponse | null = null;
  const response = new FakeResponse(room);
  hub.attach({ ...ALL, operation: of === "one" ? id : null, log: true }, response.asResponse(), 0);
  for (const each of steps) {
    if (each === "read") tail.read();
    else if (each === "turn") await followed.turn();
    else if (each === "drain") response.drain();
    else if (each === "other") {
      other?.end();
      other = other === null ? new FakeResponse(1) : null;
      if (other !== null) hub.attach({ ...ALL, log: true }, other.asResponse(), 0);
    } else if ("write" in each) followed.write(each.write);
    else followed.meanwhile = [...each.meanwhile];
  }
  const written = followed.finish();
  await followed.turn();
  while (response.full && !response.ended) response.drain();
  for (const each of [response, other]) each?.end();
  const sent = response
    .of("log")
    .flatMap(({ lines }) => lines.map(({ n, text }) => `${n}: ${text.split(" x")[0]}`));
  expect(sent).toEqual(
    Array.from({ length: written }, (_, index) => `${index + 1}: line ${index + 1}`),
  );
  const states = response.of("changed").flatMap(({ patch }) => patch.state ?? []);
  expect(states.at(-1)).toBe("succeeded");
}

test.each(["one", "all"] as const)(
  "a stream of %s gets each line once, whatever moves meanwhile",
  async (of) => {
    const steps = fc.array(step, { maxLength: 40, size: "max" });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), (all, room) => follow(of, all, room)),
      { numRuns: cases(60), examples: RENAMED },
    );
  },
);
