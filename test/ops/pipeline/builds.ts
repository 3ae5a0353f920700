/** Runs pipelines that have files, in this process, with the stamps of a directory. */
import { join } from "node:path";
import { InlineLink } from "../../../ops/attempt/inline-link.js";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";
import { problemLines } from "../../../ops/pipeline/read/problems.js";
import { pipelineType } from "../../../ops/pipeline/type.js";
import { prepareSubmission } from "../../../ops/types/prepare.js";
import type { OperationEvent } from "../../../protocol/event.js";
import { newId } from "../../../protocol/id.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";

export interface Built {
  record: Operation;
  events: readonly OperationEvent[];
  lines: readonly LogLine[];
  /** State and reason of each stage, and of each step as `Stage/step`. */
  said: Record<string, string>;
}

interface BuildOptions {
  force?: boolean;
  set?: string[];
  signal?: AbortSignal;
}

export class Builds {
  readonly stamps: string;

  /** @param dir - where pipelines run; the stamps are in a directory beside it */
  constructor(readonly dir: string) {
    this.stamps = `${dir}-stamps`;
  }

  async run(text: string, { force = false, set = [], signal }: BuildOptions = {}): Promise<Built> {
    const parsed = parsePipeline(text, join(this.dir, "build.yaml"));
    if (!parsed.ok) throw new Error(problemLines("f", parsed.problems).join("\n"));
    const Type = pipelineType(parsed.file);
    const id = newId();
    const chain = { id, index: 0, previous: null, next: null };
    const place = { id, label: null, cwd: this.dir, chain, ...(force && { force: true as const }) };
    const submission = await prepareSubmission(Type, { set }, place);
    const [events, lines]: [OperationEvent[], LogLine[]] = [[], []];
    const watcher = {
      event: (each: OperationEvent) => events.push(each),
      line: (each: LogLine) => lines.push(each),
    };
    const link = new InlineLink(submission, watcher, { stampsDir: this.stamps });
    await link.run(Type, signal ?? new AbortController().signal, () => {});
    return { record: link.record, events, lines, said: saidOf(link.record) };
  }
}

function saidOf({ stageStates, stageTimes, steps = {} }: Operation): Record<string, string> {
  const stages = Object.entries(stageStates).map(
    ([stage, state]) => [stage, said(state, stageTimes[stage]?.reason)] as const,
  );
  const ofSteps = Object.entries(steps).flatMap(([stage, list]) =>
    list.map(({ name, state, reason }) => [`${stage}/${name}`, said(state, reason)] as const),
  );
  return Object.fromEntries([...stages, ...ofSteps]);
}

const said = (state: string, reason: string | null | undefined) =>
  `${state}${reason ? `: ${reason.replace(/\d\d:\d\d$/, "TIME")}` : ""}`;
