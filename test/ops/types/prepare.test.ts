import { LiveOperation, type Params, z } from "liveops";
import { describe, expect, it } from "vitest";
import { describeType } from "../../../ops/types/describe-type.js";
import { prepareSubmission, typeOfSubmission } from "../../../ops/types/prepare.js";
import type { OperationCtor } from "../../../ops/types/read-type.js";
import { Refusal } from "../../../protocol/errors.js";
import { kebabCase, titleCase } from "../../../protocol/type-names.js";

const place = {
  id: "abc123def456",
  label: null,
  cwd: "/",
  chain: { id: "abc123def456", index: 0, previous: null, next: null },
};

function withParams(params: z.ZodType): OperationCtor {
  return class Test extends LiveOperation {
    static params = params;
    run() {}
  };
}

async function refused(
  Type: OperationCtor,
  given: Parameters<typeof prepareSubmission>[1],
): Promise<string> {
  const error = await prepareSubmission(Type, given, place).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Refusal);
  expect((error as Refusal).code).toBe("LIVEOPS_PARAMS_INVALID");
  return (error as Refusal).message;
}

class Parts extends LiveOperation<typeof Parts> {
  static params = z.object({
    parts: z.array(z.string()).default(["a", "b"]),
    n: z.coerce.number().default(3),
  });
  static stages = ({ parts }: Params<typeof Parts>) => ["Open", ...parts];
  run() {}
}

describe("the history key", () => {
  const keyOf = async (historyKey: (params: never) => unknown, set: string[] = []) => {
    class Keyed extends LiveOperation {
      static params = z.object({ command: z.string().default("make") });
      static historyKey = historyKey;
      run() {}
    }
    return (await prepareSubmission(Keyed as OperationCtor, { set }, place)).historyKey;
  };

  it("is made of the parsed parameters, and absent without one", async () => {
    const key = ({ command }: { command: string }) => command;
    expect(await keyOf(key)).toBe("make");
    expect(await keyOf(key, ["command=ls"])).toBe("ls");
    expect(await keyOf(() => "")).toBeUndefined();
    expect(await prepareSubmission(Parts, {}, place)).not.toHaveProperty("historyKey");
  });

  it("is bounded, and still tells long ones apart", async () => {
    const [a, b] = [
      await keyOf(() => `${"x".repeat(5000)}a`),
      await keyOf(() => `${"x".repeat(5000)}b`),
    ];
    expect([a!.length, a === b]).toEqual([71, false]);
  });

  it("must be a text", async () => {
    await expect(keyOf(() => 5)).rejects.toThrow("static historyKey must return a text, not 5");
  });
});

it("keeps the input as it was accepted, and the stages of what it became", async () => {
  const submission = await prepareSubmission(Parts, { params: { n: 1 }, set: ["n=5"] }, place);
  expect(submission).toEqual({
    ...place,
    op: "parts",
    title: "Parts",
    params: { n: 5 },
    stages: ["Open", "a", "b"],
  });
  expect(typeOfSubmission(submission)).toBe(Parts);
});

/** A type with this title. */
function titled(
  title: unknown,
  params: z.ZodType = z.object({ host: z.string().default("a") }),
): OperationCtor {
  class Deploy extends LiveOperation {
    static params = params;
    run() {}
  }
  return Object.assign(Deploy, { title });
}

it.each<[what: string, title: unknown, expected: string]>([
  ["a function", ({ host }: { host: string }) => `Deploy to ${host}`, "Deploy to db"],
  ["an async function", async ({ host }: { host: string }) => host, "db"],
  ["several lines", () => " a\n\tb  c ", "a b c"],
  ["control characters, which a screen makes harmless", () => "a\x1b[31m", "a\x1b[31m"],
  ["200 characters", () => "x".repeat(200), "x".repeat(200)],
  ["more", () => "x".repeat(300), `${"x".repeat(199)}…`],
  ["a pair of surrogates at the end", () => `${"x".repeat(198)}😀😀`, `${"x".repeat(198)}…`],
  ["a long static text", "x".repeat(300), `${"x".repeat(199)}…`],
])("a title from %s", async (_what, title, expected) => {
  const Type = titled(title);
  expect((await prepareSubmission(Type, { set: ["host=db"] }, place)).title).toBe(expected);
  const described = typeof title === "string" ? expected : "Deploy";
  expect(describeType(Type, "deploy.ts").title).toBe(described);
});

it.each<[title: () => unknown, said: RegExp]>([
  [() => "", /^class Deploy: static title must be text, or a function that returns text, not ""/],
  [() => " \n ", /must be text/],
  [() => 5, /not 5/],
  [() => undefined, /not undefined/],
  [
    async () => Promise.reject(new Error("no host")),
    /^static title of deploy threw: no host\nParameters:\n {2}host/,
  ],
])("a title that is none refuses the submit: %s", async (title, said) => {
  expect(await refused(titled(title), {})).toMatch(said);
});

it("stages that throw refuse the submit in the same way", async () => {
  const Type = Object.assign(titled("Deploy"), {
    stages: () => {
      throw new Error("no stages");
    },
  });
  expect(await refused(Type, {})).toMatch(/^static stages of deploy threw: no stages\n/);
});

it.each([
  ["the params", { params: { deep: JSON.parse(`${"[".repeat(9000)}${"]".repeat(9000)}`) } }],
  ["a word's JSON", { set: [`deep:=${"[".repeat(9000)}${"]".repeat(9000)}`] }],
  ["a word's name", { set: [`${"a.".repeat(9000)}b=1`] }],
])("%s nested too deeply for what walks it are refused", async (_what, given) => {
  const Type = withParams(z.looseObject({}));
  expect(await refused(Type, given)).toMatch(
    /^the parameters .*nested more than 256 levels deep\n/,
  );
});

it.each<[z.ZodType, unknown, string]>([
  [z.number().min(1), 0, "a takes at least 1, not 0"],
  [z.number().gt(1), 1, "a takes more than 1, not 1"],
  [z.int().max(9), 20, "a takes at most 9, not 20"],
  [z.int(), 1.5, "a takes a whole number, not 1.5"],
  [z.number().multipleOf(5), 7, "a takes a multiple of 5, not 7"],
  [z.string().min(1), "", "a takes at least 1 character"],
  [z.array(z.string()).max(2), ["a", "b", "c"], "a takes at most 2 items"],
  [z.enum(["fast", "safe"]), "slow", 'a takes one of fast, safe, not "slow"'],
  [z.literal("on"), { b: 1 }, "a takes on, not an object"],
  [z.boolean(), ["x"], "a takes true or false, not a list of 1"],
  [z.strictObject({ b: z.string() }), { b: "", c: 1 }, 'a has no "c"'],
  [z.email(), "x", "a: invalid email address"],
  [z.string().min(3, "is far too short"), "x", "a: is far too short"],
  [z.string().refine(() => false, "No"), "x", "a: No"],
])(
  "says in plain words what is wrong, unless the schema has words of its own: %#",
  async (schema, a, says) => {
    const message = await refused(withParams(z.object({ a: schema })), { params: { a } });
    expect(message.split("\n")[0]).toBe(says);
  },
);

it("says each problem with its path, and lists the parameters", async () => {
  const Type = withParams(
    z.object({
      server: z.object({ port: z.number() }),
      tags: z.array(z.string()),
      path: z.string(),
    }),
  );
  const message = await refused(Type, { params: { server: { port: "x" }, tags: ["a", 1] } });
  expect(message.split("\n")).toEqual([
    'server.port takes a number, not "x"',
    "tags[1] takes text, not 1",
    "path is required",
    "Parameters:",
    "  server  object        required",
    "  tags    list of text  required",
    "  path    text          required",
  ]);
});

it("refuses names the schema does not have, which zod would drop, unless it is loose", async () => {
  const message = await refused(Parts, { params: { part: [] } });
  expect(message).toMatch(/^there is no parameter "part"\. Did you mean parts\?/);
  const { params } = await prepareSubmission(
    withParams(z.looseObject({})),
    { params: { anything: 1 }, set: ["more=1"] },
    place,
  );
  expect(params).toEqual({ anything: 1, more: "1" });
  const preprocessed = withParams(z.preprocess((value) => value, z.object({ a: z.string() })));
  expect((await prepareSubmission(preprocessed, { set: ["a=1"] }, place)).params).toEqual({
    a: "1",
  });
});

it("waits for a schema that is async, and survives one that throws", async () => {
  const slow = withParams(
    z.object({ n: z.number().refine(async (n) => n > 3, "must be above 3") }),
  );
  expect((await prepareSubmission(slow, { set: ["n=4"] }, place)).params).toEqual({ n: 4 });
  expect(await refused(slow, { set: ["n=2"] })).toMatch(/^n: must be above 3$/m);
  const broken = withParams(
    z.object({}).refine(() => {
      throw new Error("no such table");
    }),
  );
  expect(await refused(broken, {})).toMatch(/^the schema of test threw: no such table$/m);
});

it("refuses what JSON cannot hold, and stages that are not a list of different names", async () => {
  expect(await refused(withParams(z.looseObject({})), { params: { f: () => 1 } as never })).toMatch(
    /not JSON: \.f is a function/,
  );
  class Twice extends LiveOperation {
    static stages = () => ["A", "A"];
    run() {}
  }
  await expect(prepareSubmission(Twice, {}, place)).rejects.toThrow(
    'class Twice: static stages has "A" twice',
  );
});

it("gives a submission the tags of its type, and says of one that it may run anywhere", async () => {
  class Render extends LiveOperation {
    static requires = ["gpu", "eu"];
    static hosts = "any";
    static partition = "finish";
    run() {}
  }
  expect(describeType(Render, "x")).toMatchObject({
    requires: ["gpu", "eu"],
    hosts: "any",
    partition: "finish",
  });
  const first = await prepareSubmission(Render, {}, place);
  expect(first).toMatchObject({ requires: ["gpu", "eu"], on: null });
  const plain = await prepareSubmission(withParams(z.object({})), {}, place);
  expect(plain).not.toHaveProperty("requires");
  expect(plain).not.toHaveProperty("on");
});

it("describes a type by the schema of its input", () => {
  class LoadCSVFile extends LiveOperation {
    static stages = ["Load"] as const;
    static timeout = 60;
    static params = z.object({
      path: z.string().describe("file to load"),
      when: z.date().optional(),
      n: z.string().transform(Number).default(1),
    });
    run() {}
  }
  expect(describeType(LoadCSVFile, "/ops/a.ts")).toEqual({
    op: "load-csv-file",
    title: "Load CSV File",
    stages: ["Load"],
    resumable: false,
    failIfOdd: false,
    timeout: 60,
    gracePeriod: 10,
    retry: null,
    queue: null,
    requires: [],
    hosts: "same",
    partition: "end",
    file: "/ops/a.ts",
    params: expect.objectContaining({
      type: "object",
      required: ["path"],
      properties: {
        path: { type: "string", description: "file to load" },
        when: { type: "string", format: "date-time" },
        n: expect.objectContaining({ type: "string" }),
      },
    }),
  });
  expect(describeType(Parts, "x").stages).toBeNull();
});

it.each([
  ["StepA", "step-a", "Step A"],
  ["LoadProcessSave", "load-process-save", "Load Process Save"],
  ["HTTPCheck", "http-check", "HTTP Check"],
  ["Step2B", "step2-b", "Step2 B"],
  ["Backup", "backup", "Backup"],
  ["_Private$Thing", "private-thing", "Private Thing"],
])("%s is %s", (name, op, title) => {
  expect(kebabCase(name)).toBe(op);
  expect(titleCase(name)).toBe(title);
});
