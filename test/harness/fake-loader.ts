/** A loader with two types and without a process. */
import type { RefusedAsk, Types } from "../../daemon/loader/loader.js";
import type {
  PrepareAsk,
  PrepareInput,
  ResolvedType,
  Unresolved,
} from "../../daemon/loader/messages.js";
import type { Prepared } from "../../ops/types/prepare.js";
import { Refusal } from "../../protocol/errors.js";
import type { OperationType, TypesReply } from "../../protocol/replies.js";
import { unknownType } from "../../protocol/text/unknown-name.js";

const type = (op: string, resumable: boolean): OperationType => ({
  op,
  title: `Title of ${op}`,
  stages: ["Load", "Process", "Save"],
  resumable,
  failIfOdd: false,
  timeout: null,
  gracePeriod: 10,
  retry: null,
  queue: null,
  requires: [],
  hosts: "same",
  partition: "end",
  file: `/ops/${op}.ts`,
  params: null,
});

export class FakeLoader implements Types {
  readonly ops = [type("load-process-save", false), type("resumes", true)];
  /** The submissions that the loader was asked to prepare. */
  readonly prepared: PrepareInput[] = [];

  async types(): Promise<TypesReply> {
    return {
      ops: this.ops,
      errors: [{ file: "/ops/broken.ts", message: "it broke" }],
      withoutType: [],
      notLoaded: [],
      shadowed: [],
    };
  }

  isBroken(): boolean {
    return false;
  }

  async resolve(op: string): Promise<ResolvedType | Unresolved> {
    const found = this.ops.find((each) => each.op === op);
    if (!found) return { reason: `no file defines the operation type ${op} now` };
    const { file, resumable, timeout, gracePeriod, retry } = found;
    return { file, policy: { resumable, timeout, gracePeriod, retry } };
  }

  async prepare(asks: PrepareAsk[]): Promise<Prepared[] | RefusedAsk> {
    const answers: Prepared[] = [];
    for (const [index, ask] of asks.entries()) {
      const answer = this.#prepare(ask);
      if (answer instanceof Refusal) return { index, refusal: answer };
      answers.push(answer);
    }
    return answers;
  }

  #prepare({ op, input }: PrepareAsk): Prepared | Refusal {
    const found = this.ops.find((each) => each.op === op);
    if (!found) {
      const names = this.ops.map((each) => each.op);
      return unknownType(op, names, 1);
    }
    if (input.params?.bad) return new Refusal("LIVEOPS_PARAMS_INVALID", "bad: it must not be");
    this.prepared.push(input);
    return { op, title: found.title, params: input.params ?? {}, stages: found.stages ?? [] };
  }
}
