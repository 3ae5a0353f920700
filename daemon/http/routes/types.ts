/** The routes of operation types: `GET /v1/ops` and `GET /v1/ops/:op/history`. */
import type { Operation } from "../../../protocol/operation.js";
import type { HistoryReply } from "../../../protocol/replies.js";
import { unknownType } from "../../../protocol/unknown-type.js";
import type { Context } from "../../context.js";
import { definition, type RoutePlugin } from "../route-definition.js";

export const typesRoute: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("types"), handler: () => context.loader.types() });
  done();
};

/** Most runs that are counted. */
const NEWEST = 100;

/** `GET /v1/ops/:op/history`: how long the newest succeeded runs of a type took, in total and by stage. */
export const historyRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("history"),
    handler: async ({ params }): Promise<HistoryReply> => {
      // A type that no longer loads is known by its operations.
      if (context.store.count({ op: params.op }) === 0) await mustBeLoaded(context, params.op);
      const runs = context.store
        .list({ op: params.op, state: ["succeeded"] }, NEWEST)
        .map((entry) => entry.record);
      const whole = runs.filter((run) => !hasResumedStage(run)).map((run) => run.seconds);
      return { op: params.op, runs: runs.length, seconds: spread(present(whole)), stages: byStage(runs) };
    },
  });
  done();
};

async function mustBeLoaded({ loader }: Context, op: string): Promise<void> {
  const { ops, errors } = await loader.types();
  const names = ops.map((type) => type.op);
  if (!names.includes(op)) throw unknownType(op, names, errors.length);
}

function byStage(runs: Operation[]): HistoryReply["stages"] {
  const durations = new Map<string, number[]>();
  for (const run of runs) {
    for (const [stage, times] of Object.entries(run.stageTimes)) {
      if (times.resumed || times.seconds === null) continue;
      durations.set(stage, [...(durations.get(stage) ?? []), times.seconds]);
    }
  }
  return Object.fromEntries(
    [...durations].map(([stage, values]) => [stage, { runs: values.length, ...spread(values)! }]),
  );
}

function spread(values: number[]): { p50: number; p90: number } | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  // Nearest rank: the smallest value that so many percent of the runs do not exceed.
  const rank = (p: number) => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]!;
  return { p50: inMilliseconds(rank(0.5)), p90: inMilliseconds(rank(0.9)) };
}

/** Finer differences are noise. */
function inMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function hasResumedStage(run: Operation): boolean {
  return Object.values(run.stageTimes).some((times) => times.resumed);
}

function present(values: Array<number | null>): number[] {
  return values.filter((value) => value !== null);
}
