// What must not compile: the marked lines, and no others, are errors.
import {
  ExecError,
  LiveOperation,
  OperationCancelled,
  type OperationClass,
  type Params,
  type Progress,
  z,
} from "liveops";

export class Target extends LiveOperation<typeof Target> {
  static params = z.object({ from: z.string(), n: z.number().default(1) });
  run() {}
}

export class Optional extends LiveOperation<typeof Optional> {
  static params = z.object({ n: z.number().default(1) });
  run() {}
}

export abstract class Base extends LiveOperation<typeof Base> {
  static stages = ["One"] as const;
}

class NoOperation {
  static stages = ["One"];
  run() {}
}

export class Checked extends LiveOperation<typeof Checked> {
  static override = 1;
  static stages = ["Load", "Save"] as const;
  static params = z.object({
    path: z.string(),
    n: z.number().default(1),
    when: z.coerce.date().optional(),
  });
  static resumable = true;
  static timeout = 60;

  upper: string = this.params.path.toUpperCase();
  wrong: number = this.params.path; // type error: path is a string
  first: boolean = this.attempt === 1 && this.label === null && this.id.length === 12;

  async run(p: Progress<Checked>) {
    const n: number = await p.stage("Load", () => this.params.n);
    const text: string = await p.stage("Load", async () => 1); // type error: a number
    await p.stage("load", () => {}); // type error: not a stage
    const kept: number = await p.stage("Load", () => 1, {});
    const whole: number = await p.stage("Load", () => 1, { allowFailure: false });
    const lost: number = await p.stage("Load", () => 1, { allowFailure: true }); // type error: may be undefined
    const perhaps: number | undefined = await p.stage("Load", () => 1, { allowFailure: n > 1 });
    await p.stage("Load", () => [kept, whole, lost, perhaps], { allow: true }); // type error: no such option
    p.skip("Save", "no new files");
    p.skip("save", "no new files"); // type error: not a stage
    p.skip("Save"); // type error: a reason is needed
    await p.untracked("anything", () => n);
    await p.stage(text, () => {}); // type error: any string is not a stage
    this.params.path = "x"; // parameters are the operation's own
    this.params.nothing; // type error: no such parameter
    this.id = "x"; // type error: read-only

    for (const item of p.track([1, 2])) item.toFixed();
    for (const item of p.track(new Map([["a", 1]]))) item[0].trim();
    for await (const item of p.track(lines())) item.trim();
    for (const _ of p.track(lines())); // type error: it must be awaited
    p.track(5); // type error: nothing to iterate
    p.track(lines(), { size: (line) => line.length, unit: "B", total: 10, label: "Lines" });
    p.track([1], { units: "B" }); // type error: no such option
    p.track([{ id: 1 }], { key: ({ id }, index) => `${id} ${index.toFixed()}` });
    p.track(lines(), { key: (line) => line.length });
    p.track([{ id: 1n }], { key: ({ id }) => id }); // type error: a text or a number
    p.track([1], { key: async (id) => id }); // type error: not async

    p.percent(50);
    p.percent("50"); // type error: a number
    p.status("fine", "success");
    p.status("fine", "fine"); // type error: not a level
    p.log("line");
    p.result({ any: ["thing"] });
    p.error(new Error("x")); // type error: a message
    const ended = await p.exec("make", ["-j4"], {
      cwd: "src",
      env: { CC: undefined },
      check: false,
    });
    const code: number | null = ended.exitCode;
    const rev: string = (await p.exec("git", ["rev-parse", "HEAD"], { capture: true })).stdout;
    (await p.exec("git")).stdout.length; // type error: only with capture
    p.exec("make -j4", "src"); // type error: a list of arguments
    p.exec("sleep", [code]); // type error: arguments are texts
    p.exec("make", [], { shell: true }); // type error: no such option
    p.exec("make", [], { status: "all" }); // type error: not a kind of status
    await p.exec("make", undefined, { signal: p.signal, grace: 1, label: rev }).catch((error) => {
      if (error instanceof ExecError)
        p.log(`${error.command} ${error.exitCode} ${error.lastLines.join()}`);
    });
    p.signal.throwIfAborted();
    if (p.signal.aborted) throw new OperationCancelled();

    p.chainTo(Target, { from: "a" });
    p.chainTo(Target, { from: "a", n: 2 });
    p.chainTo(Target, {}); // type error: from is missing
    p.chainTo(Target); // type error: from is missing
    p.chainTo(Target, { from: "a", x: 1 }); // type error: no such parameter
    p.chainTo(Optional);
    p.chainTo(Optional, { n: "1" }); // type error: n is a number
    p.chainTo(NoOperation); // type error: no operation type
    p.chainTo(Date); // type error: no operation type
  }
}

// type error below: timeout is in seconds
export class WrongTimeout extends LiveOperation<typeof WrongTimeout> {
  static timeout = "10m";
  run() {}
}

// type error below: a history key is a text
export class WrongKey extends LiveOperation<typeof WrongKey> {
  static params = z.object({ n: z.number() });
  static historyKey = ({ n }: Params<typeof WrongKey>) => n;
  run() {}
}

export class Keyed extends LiveOperation<typeof Keyed> {
  static params = z.object({ target: z.string() });
  static historyKey = ({ target }: Params<typeof Keyed>) => target;
  run() {}
}

// type error below: tags are a list
export class WrongRequires extends LiveOperation<typeof WrongRequires> {
  static requires = "gpu";
  run() {}
}

// type error below: a partition is a text
export class WrongPartition extends LiveOperation<typeof WrongPartition> {
  static partition = true;
  run() {}
}

export class Placed extends LiveOperation<typeof Placed> {
  static requires = ["gpu", "eu"];
  static hosts = "any";
  static partition = "finish";
  first: number = this.fence; // type error: null without a fleet
  run() {
    if (this.fence !== null) this.fence.toFixed();
  }
}

// type error below: stages are names
export class WrongStages extends LiveOperation<typeof WrongStages> {
  static stages = [1, 2];
  run() {}
}

export class Returns extends LiveOperation<typeof Returns> {
  // type error below: a result is what p.result says
  async run() {
    return 5;
  }
}

export class Computed extends LiveOperation<typeof Computed> {
  static params = z.object({ fast: z.boolean() });
  static stages = ({ fast }: Params<typeof Computed>) =>
    fast ? (["Only"] as const) : (["One", "Two"] as const);
  async run(p: Progress<Computed>) {
    await p.stage("Two", () => {});
    await p.stage("Three", () => {}); // type error: not a stage
  }
}

export const types: OperationClass[] = [Target, Optional, Checked, Computed];

async function* lines() {
  yield "a";
}
