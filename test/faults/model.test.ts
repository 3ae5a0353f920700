/**
 * Random submits, ends, cancels, retries, removals, edits, pauses, changes of queues, deaths of
 * daemon and workers, and restarts, compared with a simple model: after each step the real daemon
 * has the model's state, every attempt ran once, and in the order of the model.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { counts, patience, SEED } from "./mode.js";
import { Model } from "./model.js";
import { expectSame, operationCommands, type Real } from "./model-commands.js";
import { queueCommands } from "./model-queue-commands.js";
import { startDaemon } from "./start.js";
import { record } from "./tally.js";

const RUNS = counts(3, 20);
const LENGTH = counts(40, 80);
/** By queue. */
const SLOTS = { default: 2, side: 1 };
const commands = [...operationCommands, ...queueCommands];

test(
  "whatever is done and whatever dies, the daemon shows what the model does, and nothing runs twice",
  async () => {
    let done = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.commands(commands, { maxCommands: LENGTH, size: "max" }),
        async (sequence) => {
          await using daemon = await startDaemon(["turns"], {
            concurrency: SLOTS.default,
            config: { queues: { side: { concurrency: SLOTS.side } } },
          });
          const model = new Model(SLOTS);
          const real: Real = { daemon, ids: new Map(), bodies: new Map(), commands: 0 };
          await fc.asyncModelRun(() => ({ model, real }), sequence);
          await daemon.kill();
          await daemon.startAgain();
          await expectSame(model, real);
          expect((await daemon.client.daemon()).problems).toEqual([]);
          done += real.commands;
        },
      ),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    record({
      fault: "model: random commands",
      injected: done,
      survived: done,
      lost: 0,
      duplicated: 0,
    });
  },
  patience(90_000, 1_200_000),
);
