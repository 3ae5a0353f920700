import type { NamePlace, UsedName } from "../../../protocol/pipeline/used-names.js";
import type { Pipeline, PipelineTask, TemplateValue } from "../../pipeline/definition.js";
import { type TaskContext, type TaskEnd, TaskRunner } from "../../pipeline/feature.js";
import type { TaskPlace } from "../../pipeline/run/command.js";
import { fillEntries } from "../../pipeline/template.js";
import type { NestedCall } from "./run.js";

export interface NestedParam {
  name: string;
  at: NamePlace;
  template: TemplateValue;
  /** The name, where the value is `$name` alone; otherwise null. */
  only: string | null;
  /** The value is that of a secret. */
  isSecret: boolean;
  /** Absent: the template has names. */
  value?: unknown;
}

/**
 * An operation inside of a stage or step, as the file says it. It runs in the place of a command.
 * The code that runs it is loaded when a pipeline runs.
 */
export class Nested extends TaskRunner implements NestedCall {
  /**
   * @param op - `command`: that of the task
   * @param at - where `op` stands
   * @param queue - null: that of the type, otherwise that of the pipeline
   */
  constructor(
    readonly op: NestedCall["op"],
    readonly at: NamePlace,
    readonly params: readonly NestedParam[],
    readonly queue: NestedCall["queue"],
  ) {
    super();
  }

  get templates(): Map<string, TemplateValue> {
    return new Map(this.params.map(({ name, template }) => [name, template]));
  }

  get inside(): Pipeline | null {
    return this.op.kind === "file" ? this.op.file.pipeline : null;
  }

  get sign(): unknown {
    const { op, templates, queue } = this;
    const what = op.kind === "file" ? [op.file.text, op.file.files] : op;
    return [
      what,
      fillEntries(templates, { valueOf: (name) => `\u0001${name}` }),
      queue?.name ?? null,
    ];
  }

  /** With a chain of its own, a file gives the outputs of its last type. */
  get outputs(): readonly string[] {
    const { inside } = this;
    return inside?.then === null ? inside.stages.flatMap((stage) => stage.outputs) : [];
  }

  get uses(): UsedName[] {
    const { op, at, params: given, queue } = this;
    return [
      ...(queue === null ? [] : [{ kind: "queue" as const, ...queue }]),
      ...(op.kind === "type" ? [{ kind: "type" as const, name: op.name, at, given }] : []),
    ];
  }

  paramOf(name: string): NestedParam | undefined {
    return this.params.find((param) => param.name === name);
  }

  async run(
    context: TaskContext,
    task: PipelineTask,
    place: TaskPlace,
    isAgain: boolean,
  ): Promise<TaskEnd> {
    const { runNested } = await import("./run.js");
    return runNested(this, context, task, place, isAgain);
  }
}
