/** What runs an operation of its own in the place of a command. The code that runs it is loaded when a pipeline runs. */
import type { PipelineParam, PipelineTask } from "../../pipeline/definition.js";
import { type TaskContext, type TaskEnd, TaskRunner } from "../../pipeline/feature.js";
import type { TaskPlace } from "../../pipeline/run/command.js";
import { fillEntries, namesIn } from "../../pipeline/template.js";
import type { UsedName } from "../../types/used-names.js";
import type { NestedCall, QueueName } from "./call.js";

/** Runs the command of the task as an operation in a queue. */
export class Queued extends TaskRunner {
  readonly inside = null;
  readonly outputs = [];

  constructor(readonly queue: QueueName) {
    super();
  }

  /** The command is compared as that of every task. */
  get sign(): unknown {
    return this.queue.name;
  }

  get uses(): UsedName[] {
    return [{ kind: "queue", ...this.queue }];
  }

  sourceOf(): undefined {}

  async run(context: TaskContext, task: PipelineTask, place: TaskPlace): Promise<TaskEnd> {
    const { runQueued } = await import("./run.js");
    return runQueued(this.queue.name, context, task, place);
  }
}

const NO_NAMES = { valueOf: () => undefined };

/** Runs another operation. */
export class Nested extends TaskRunner {
  constructor(readonly call: NestedCall) {
    super();
  }

  get inside() {
    const { op } = this.call;
    return op.kind === "file" ? op.file.pipeline : null;
  }

  get sign(): unknown {
    const { op, params, queue } = this.call;
    const what = op.kind === "type" ? op.name : [op.file.text, op.file.files];
    return [what, [...params], queue?.name ?? null];
  }

  /** With a chain of its own, a file gives the outputs of its last type. */
  get outputs(): readonly string[] {
    const { inside } = this;
    return inside === null || inside.then !== null ? [] : inside.stages.flatMap((stage) => stage.outputs);
  }

  get uses(): UsedName[] {
    const { op, params, places, queue, at } = this.call;
    const given = [...params].map(([name, value]) => {
      const isKnown = namesIn(value).length === 0;
      return {
        name,
        at: places.get(name)!,
        ...(isKnown && fillEntries(new Map([["value", value]]), NO_NAMES)),
      };
    });
    return [
      ...(queue === null ? [] : [{ kind: "queue" as const, ...queue }]),
      ...(op.kind === "file" ? [] : [{ kind: "type" as const, name: op.name, at, given }]),
    ];
  }

  sourceOf({ name, from }: PipelineParam): string | undefined {
    const given = this.call.params.get(name);
    if (given === undefined) return from;
    const [part] = given.kind === "text" ? given.text : [];
    return part !== undefined && "text" in part ? part.text : undefined;
  }

  async run(context: TaskContext, task: PipelineTask, place: TaskPlace): Promise<TaskEnd> {
    const { runNested } = await import("./run.js");
    return runNested(this.call, context, task, place);
  }
}
