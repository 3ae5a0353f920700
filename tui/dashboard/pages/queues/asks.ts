/** What is asked for of queues and schedules. The stream does not report them. */
import type { QueueReply, ScheduleReply } from "../../../../protocol/replies.js";
import { ask } from "../../core/ask.js";
import { blocked, SETTLED } from "../../core/hosts/hosts-told.js";
import { withQueues } from "../../core/queues/queue-view.js";

/** Milliseconds between two looks. */
const QUEUES_EVERY = 10_000;

export const queues = ask({
  want(state) {
    // The page of the queues counts what they hold.
    const { running, queued } = state.view.counts;
    const held = state.page?.kind === "queues" ? [running, queued] : [];
    // A pause blocks the queued operations.
    return { run: state.queues.run, blocked: blocked(state), held };
  },
  wait: () => SETTLED,
  every: () => QUEUES_EVERY,
  take: (state, told: { queues: readonly QueueReply[]; schedules: readonly ScheduleReply[] }) =>
    withQueues(state, told.queues, told.schedules),
  async bring(_want, { client, tell, left }) {
    const [{ queues }, { schedules }] = await Promise.all([
      client.queues(left),
      client.schedules(left),
    ]);
    tell({ queues, schedules });
  },
});
