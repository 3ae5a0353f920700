/**
 * `liveops shell`: what a person gets where a stage ran: the variables of an attempt, its secrets
 * and its outputs.
 */
import { fileStageValues } from "../../../ops/attempt/stage-values.js";
import { isReserved } from "../../../protocol/environment.js";
import { Refusal } from "../../../protocol/errors.js";
import { pick } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ShellReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import type { Parts } from "../../compose.js";
import type { FeatureRoutes } from "../../feature.js";
import { definition } from "../../http/route-definition.js";
import { childEnvironment } from "../../os/child-environment.js";
import { allEvents, keptValues } from "../../run-files/attempt-files.js";
import { isUnreadable, runFilesRefusal } from "../../run-files/unreadable.js";
import { earlierEvents } from "../../scheduler/start.js";
import type { Entry } from "../../store/decision.js";
import { sourceOf } from "../../store/entry-events.js";
import { valuesDir } from "../../store/layout.js";

export const shellRoutes =
  (context: Parts): FeatureRoutes =>
  (app, _options, done) => {
    app.route({
      ...definition("shell"),
      handler: async ({ params }) => {
        const entry = await context.view.find(params.id);
        checkPlace(context, entry.record);
        const source = sourceOf(entry);
        return {
          id: entry.record.id,
          env: environmentOf(context, entry),
          secrets: context.store.secrets.get(entry.record.id) ?? {},
          source: source && pick(source, ["path", "text", "files"]),
          outputs:
            source !== null || entry.record.op === "pipeline" ? outputsOf(context, entry) : [],
        };
      },
    });
    done();
  };

/** @throws Refusal where the operation is not finished, or ran on another host */
function checkPlace({ hosts }: Parts, { id, op, state, host }: Operation): void {
  if (!isFinal(state))
    throw new Refusal(
      "LIVEOPS_WRONG_STATE",
      `${op} ${id} is ${state}: a shell needs a finished operation; wait for its end with liveops wait ${id}, ` +
        `or end it with liveops cancel ${id}`,
    );
  const own = hosts.engine() && hosts.name;
  if (host !== undefined && host !== own)
    throw new Refusal(
      "LIVEOPS_WRONG_STATE",
      `${op} ${id} ran on the host ${host}: open the shell there`,
    );
}

/** As a worker has it, before a stage adds its own. */
function environmentOf({ settings }: Parts, entry: Entry): Record<string, string> {
  const { env, startOnly } = childEnvironment(process.env, settings.fromDaemon);
  for (const name of startOnly) delete env[name];
  for (const [name, value] of Object.entries(entry.env)) if (!isReserved(name)) env[name] = value;
  return env;
}

/** The outputs of the stages that are done, in their order. */
function outputsOf(
  { layout, engine: { workerEvents } }: Parts,
  entry: Entry,
): ShellReply["outputs"] {
  const { id, attempt, stages } = entry.record;
  const next = attempt + 1;
  const earlier = allEvents(entry, earlierEvents(id, next, { layout, workerEvents }));
  // As the worker of a pipeline reads them: without parameters.
  const values = fileStageValues(valuesDir(layout, id), {}, next, {
    earlier: () => keptValues(earlier),
    forgotten: entry.forgotten ?? [],
    byHand: entry.byHand ?? [],
  });
  try {
    return stages.flatMap((stage) => {
      const stored = values.load({ stage, occurrence: 1 });
      const { outputs } =
        values.byHand({ stage, occurrence: 1 }, stored !== undefined) ?? recordOf(stored?.value);
      return outputs === undefined ? [] : [{ stage, outputs }];
    });
  } catch (error) {
    throw isUnreadable(error) ? runFilesRefusal(id, error) : error;
  }
}

const recordOf = (value: unknown) =>
  (value ?? {}) as { outputs?: ShellReply["outputs"][0]["outputs"] };
