/**
 * Writes each effect to one file that all hosts share: `what id attempt fence time pid host`, where
 * `what` is `begin`, `step:K` or `end`, and `time` is in ms of the monotonic clock, which all
 * processes of the machine share.
 *
 * The line of the log before each effect is the point where a worker without a lease must stop.
 */
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

const params = z.object({
  effects: z.string(),
  /** Effects between begin and end. */
  steps: z.number().default(3),
  /** Milliseconds before each step. */
  pause: z.number().default(0),
  /** Spins through the pause and never awaits. */
  busy: z.boolean().default(false),
  /** A file without which the second half of the steps does not begin. */
  gate: z.string().optional(),
  /** Operations of the chain that starts here. */
  links: z.number().default(1),
});

function say(operation, what) {
  const time = Number(process.hrtime.bigint()) / 1e6;
  const host = process.env.LIVEOPS_TEST_HOST ?? "-";
  const { id, attempt, params } = operation;
  const fence = operation.fence ?? 0;
  appendFileSync(
    params.effects,
    `${what} ${id} ${attempt} ${fence} ${time} ${process.pid} ${host}\n`,
  );
}

async function steps(operation, p, from, to) {
  const { steps: count, pause, busy, gate } = operation.params;
  const pass = () => (busy ? spin(pause) : delay(pause, undefined, { signal: p.signal }));
  for (let step = from; step <= to; step++) {
    while (gate !== undefined && step === Math.ceil(count / 2) + 1 && !existsSync(gate)) {
      p.log("waits");
      await pass();
    }
    await pass();
    p.log(`step ${step}`);
    say(operation, `step:${step}`);
  }
}

function spin(ms) {
  for (const end = performance.now() + ms; performance.now() < end; );
}

function next(operation) {
  return { ...operation.params, links: operation.params.links - 1 };
}

export class Works extends LiveOperation {
  static stages = ["Work"];
  static params = params;

  async run(p) {
    const { steps: count, links } = this.params;
    p.log("begin");
    say(this, "begin");
    await p.stage("Work", () => steps(this, p, 1, count));
    p.log("end");
    say(this, "end");
    if (links > 1) p.chainTo(Works, next(this));
    p.result({ steps: count });
  }
}

/** As `Works`, and not ended where its host is cut off, nor taken over. */
export class WorksThrough extends Works {
  static partition = "finish";
}

/** As `Works`, in three stages that a later attempt does not repeat, and on any host. */
export class WorksOn extends LiveOperation {
  static stages = ["First", "Second", "Third"];
  static resumable = true;
  static hosts = "any";
  static params = params;

  async run(p) {
    const { steps: count, links } = this.params;
    p.log("begin");
    say(this, "begin");
    const third = Math.ceil(count / 3);
    for (const [index, stage] of WorksOn.stages.entries())
      await p.stage(stage, async () => {
        await steps(this, p, index * third + 1, Math.min(count, (index + 1) * third));
        return index;
      });
    p.log("end");
    say(this, "end");
    if (links > 1) p.chainTo(WorksOn, next(this));
    p.result({ steps: count });
  }
}
