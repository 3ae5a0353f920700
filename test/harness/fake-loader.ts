/** A loader that knows two types and needs no process. */
import type { PrepareInput, ResolvedType } from "../../daemon/loader/messages.js";
import { Refusal } from "../../protocol/errors.js";
import type { Submission } from "../../protocol/fact.js";
import { nearest } from "../../protocol/nearest.js";
import type { OperationType, TypesReply } from "../../protocol/routes.js";

const type = (op: string, resumable: boolean): OperationType => ({
  op,
  title: `Title of ${op}`,
  stages: ["Load", "Process", "Save"],
  resumable,
  timeout: null,
  gracePeriod: 10,
  retry: null,
  file: `/ops/${op}.ts`,
  params: null,
});

export class FakeLoader {
  readonly ops = [type("load-process-save", false), type("resumes", true)];
  /** What was asked to be prepared. */
  readonly prepared: PrepareInput[] = [];
  /** Awaited before each answer. */
  before = async (): Promise<void> => {};

  async types(): Promise<TypesReply> {
    return { ops: this.ops, errors: [{ file: "/ops/broken.ts", message: "it broke" }], shadowed: [] };
  }

  async resolve(op: string): Promise<ResolvedType | null> {
    const found = this.ops.find((each) => each.op === op);
    if (!found) return null;
    const { file, resumable, timeout, gracePeriod, retry } = found;
    return { file, policy: { resumable, timeout, gracePeriod, retry } };
  }

  async prepare(
    op: string,
    input: PrepareInput,
    rest: Pick<Submission, "id" | "label" | "cwd" | "chain">,
  ): Promise<Submission> {
    await this.before();
    const found = this.ops.find((each) => each.op === op);
    if (!found) {
      const near = nearest(
        op,
        this.ops.map((each) => each.op),
      );
      throw new Refusal("LIVEOPS_NO_SUCH_TYPE", `there is no operation type ${op}`, { nearest: near });
    }
    if (input.params?.bad) throw new Refusal("LIVEOPS_PARAMS_INVALID", "bad: it must not be");
    this.prepared.push(input);
    return { ...rest, op, title: found.title, params: input.params ?? {}, stages: found.stages ?? [] };
  }
}
