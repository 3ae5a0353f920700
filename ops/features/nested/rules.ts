import type { UsedName } from "../../../protocol/pipeline/used-names.js";
import type { Pipeline, PipelineParam, PipelineTask } from "../../pipeline/definition.js";
import { type TaskContext, type TaskEnd, TaskRunner } from "../../pipeline/feature.js";
import type { TaskPlace } from "../../pipeline/run/command.js";
import { fillEntries, namesIn } from "../../pipeline/template.js";
import type { NestedCall } from "./call.js";

const NO_NAMES = { valueOf: () => undefined };

/** Runs an operation in the place of a command. The code that runs it is loaded when a pipeline runs. */
export class Nested extends TaskRunner {
  constructor(readonly call: NestedCall) {
    super();
  }

  get inside(): Pipeline | null {
    const { op } = this.call;
    return op.kind === "file" ? op.file.pipeline : null;
  }

  get sign(): unknown {
    const { op, params, queue } = this.call;
    const what = op.kind === "file" ? [op.file.text, op.file.files] : op;
    return [what, [...params], queue?.name ?? null];
  }

  /** With a chain of its own, a file gives the outputs of its last type. */
  get outputs(): readonly string[] {
    const { inside } = this;
    return inside === null || inside.then !== null ? [] : inside.stages.flatMap((stage) => stage.outputs);
  }

  get uses(): UsedName[] {
    const { op, queue, at } = this.call;
    return [
      ...(queue === null ? [] : [{ kind: "queue" as const, ...queue }]),
      ...(op.kind === "type" ? [{ kind: "type" as const, name: op.name, at, given: this.given }] : []),
    ];
  }

  /** The parameters, as far as their values are known. */
  get given() {
    const { params, places } = this.call;
    return [...params].map(([name, value]) => {
      const known = namesIn(value).length === 0 && fillEntries(new Map([["value", value]]), NO_NAMES);
      return { name, at: places.get(name)!, ...known };
    });
  }

  sourceOf({ name, from }: PipelineParam): string | undefined {
    const given = this.given.find((each) => each.name === name);
    return given === undefined ? from : (given as { value?: string }).value;
  }

  async run(context: TaskContext, task: PipelineTask, place: TaskPlace): Promise<TaskEnd> {
    const { runNested } = await import("./run.js");
    return runNested(this.call, context, task, place);
  }
}
