/**
 * Submissions with odd content or size: stored exactly or refused with the reason, and no other
 * submit waits.
 */
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import { TestDaemon } from "../harness/daemon.js";
import { runBin } from "./run-bin.js";
import { untilFinished } from "./start.js";

/**
 * `any` takes all parameters, `open` by a schema; both give them back. `hands-over` chains them on
 * to `any`.
 */
const OPS = {
  "odd.mjs": `
    import { LiveOperation, z } from "liveops";
    export class Any extends LiveOperation {
      static stages = ["Work"];
      async run(p) { await p.stage("Work", () => {}); p.result({ params: this.params, label: this.label }); }
    }
    export class Open extends LiveOperation {
      static stages = ["Work"];
      static params = z.object({ map: z.record(z.string(), z.unknown()).default({}), list: z.array(z.string()).optional() });
      async run(p) { await p.stage("Work", () => {}); p.result({ params: this.params }); }
    }
    export class HandsOver extends LiveOperation {
      static stages = ["Work"];
      async run(p) { await p.stage("Work", () => {}); p.chainTo(Any, JSON.parse(this.params.json)); }
    }
    export class Env extends LiveOperation {
      static stages = ["Work"];
      async run(p) { await p.stage("Work", () => {}); p.result(process.env.ODD ?? null); }
    }
    export class Gives extends LiveOperation {
      static stages = ["Work"];
      static resumable = true;
      async run(p) { p.result(await p.stage("Work", () => JSON.parse(this.params.json))); }
    }`,
};

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await TestDaemon.start({ ops: OPS });
});
afterAll(() => daemon[Symbol.asyncDispose]());

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a record or a problem
  body: any;
  ms: number;
}

/** Posts the very bytes. */
function post(bytes: string | Buffer): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const options = { socketPath: daemon.world.socket, path: "/v1/operations", method: "POST" };
    const asked = httpRequest(options, async (reply) => {
      const chunks: Buffer[] = [];
      for await (const chunk of reply) chunks.push(chunk as Buffer);
      const body = JSON.parse(Buffer.concat(chunks).toString());
      resolve({ status: reply.statusCode ?? 0, body, ms: performance.now() - began });
    });
    asked.on("error", reject);
    asked.end(bytes);
  });
}

/** What the operation was given, as its own code saw it. */
async function given(bytes: string): Promise<Operation> {
  const { status, body } = await post(bytes);
  expect({ status, body }).toMatchObject({ status: 201 });
  return untilFinished(daemon, body.id);
}

const KEPT: Array<[what: string, params: string]> = [
  ["constructor and prototype", '{"constructor":{"prototype":{"polluted":1}}}'],
  ["names that every object has", '{"toString":1,"hasOwnProperty":{"valueOf":[]}}'],
  ["empty names and names with signs", '{"":1," ":2,"a.b":3,"a=b":4}'],
  ["odd characters in a text", '{"text":"ab\\ud83c\\udf89\\u2028\\ufeff"}'],
  ["odd characters in a name", '{"\\ud83c\\udf89":1,"\\u0001":2}'],
  ["the forbidden name as a text", '{"text":"__proto__ as a text, and \\\\u005f_proto__"}'],
  [
    "the largest and smallest numbers",
    '{"n":[9007199254740991,-9007199254740991,1.7976931348623157e308,5e-324,123456789012345680000]}',
  ],
  ["250 levels", `{"deep":${"[".repeat(250)}${"]".repeat(250)}}`],
];

test.each(KEPT)("kept exactly, for the operation and in the record: %s", async (_, params) => {
  const expected = JSON.parse(params);
  const any = await given(`{"op":"any","params":${params}}`);
  expect(any).toMatchObject({ state: "succeeded" });
  expect(JSON.stringify(any.params)).toBe(JSON.stringify(expected));
  expect(JSON.stringify((any.result as { params: object }).params)).toBe(JSON.stringify(expected));
  if (params.includes("deep")) return;
  const open = await given(`{"op":"open","params":{"map":${params}}}`);
  expect(JSON.stringify((open.result as { params: object }).params)).toBe(
    JSON.stringify({ map: expected }),
  );
});

test("a key that is given twice counts as the last one says", async () => {
  expect((await given('{"op":"any","params":{"a":1,"a":2}}')).params).toEqual({ a: 2 });
});

test("labels are kept exactly", async () => {
  for (const label of ["__proto__", "\u001b[31m", "x".repeat(200)]) {
    const record = await given(JSON.stringify({ op: "any", label }));
    expect(record.label).toBe(label);
    expect(record.result).toMatchObject({ label });
  }
  expect((await given(JSON.stringify({ op: "any", label: "" }))).label).toBeNull();
});

test("a result and a stage value with a prototype key are kept exactly", async () => {
  const json = '{"__proto__":{"polluted":1},"a":{"__proto__":2}}';
  const { state, result } = await given(JSON.stringify({ op: "gives", params: { json } }));
  expect({ state, result: JSON.stringify(result) }).toEqual({ state: "succeeded", result: json });
});

const utf8 = (text: string) => Buffer.from(text, "latin1");
const REFUSED: Array<[what: string, bytes: string | Buffer, status: number, detail: RegExp]> = [
  [
    "__proto__ in params",
    '{"op":"any","params":{"__proto__":{"a":1}}}',
    422,
    /the key params\.__proto__ /,
  ],
  [
    "__proto__ deep in params",
    '{"op":"open","params":{"map":{"a":[1,{"__proto__":1}]}}}',
    422,
    /params\.map\.a\[1\]\.__proto__/,
  ],
  [
    "__proto__ with an escape",
    '{"op":"any","params":{"\\u005f_pro\\u0074o__":1}}',
    422,
    /params\.__proto__/,
  ],
  [
    "__proto__ in one of several",
    '[{"op":"any"},{"op":"any","params":{"__proto__":1}}]',
    422,
    /\[1\]\.params\.__proto__/,
  ],
  ["__proto__ beside params", '{"op":"any","__proto__":{"label":"x"}}', 400, /the key __proto__ /],
  ["__proto__ in env", '{"op":"any","env":{"__proto__":"x"}}', 400, /env\.__proto__/],
  [
    "__proto__ as a word",
    '{"op":"any","set":["__proto__=1"]}',
    422,
    /"__proto__" is not a valid parameter name/,
  ],
  [
    "__proto__ within a word",
    '{"op":"any","set":["a.__proto__.b=1"]}',
    422,
    /"a\.__proto__\.b" is not a valid/,
  ],
  [
    "__proto__ in a word's JSON",
    '{"op":"any","set":["a:={\\"__proto__\\":1}"]}',
    422,
    /the key __proto__ |a\.__proto__/,
  ],
  [
    "__proto__ in a word's object",
    '{"op":"open","set":["map={\\"__proto__\\":1}"]}',
    422,
    /map: the key __proto__ /,
  ],
  [
    "a number over all numbers",
    '{"op":"any","params":{"n":1e999}}',
    400,
    /the number 1e999 \(at "n"\)/,
  ],
  [
    "a whole number that rounds",
    '{"op":"any","params":{"n":9007199254740993}}',
    400,
    /the number 9007199254740993 /,
  ],
  [
    "a number that rounds in a word",
    '{"op":"any","set":["n:=9007199254740993"]}',
    422,
    /n: the number 9007199254740993 /,
  ],
  [
    "parameters that are too deep",
    `{"op":"any","params":{"a":${"[".repeat(257)}${"]".repeat(257)}}}`,
    400,
    /256 levels/,
  ],
  ["bytes that are no UTF-8", utf8('{"op":"any","label":"\xff"}'), 400, /not valid UTF-8/],
  [
    "half of a character in UTF-8",
    utf8('{"op":"any","label":"\xed\xa0\x80"}'),
    400,
    /not valid UTF-8/,
  ],
  [
    "a label that is too long",
    JSON.stringify({ op: "any", label: "x".repeat(201) }),
    400,
    /at most 200 characters/,
  ],
  [
    "a null character in cwd",
    '{"op":"any","cwd":"/tmp\\u0000/x"}',
    400,
    /cwd must be an absolute path/,
  ],
  [
    "a null character in a word",
    '{"op":"any","set":["a=\\u0000"]}',
    422,
    /a has a null character; leave it out/,
  ],
  [
    "a null character in a key",
    '{"op":"any","params":{"\\u0000":1}}',
    422,
    /the key .* cannot be kept/,
  ],
  [
    "a null character in a label",
    '{"op":"any","label":"a\\u0000b"}',
    400,
    /label must not contain a null/,
  ],
  [
    "half of a character in cwd",
    '{"op":"any","cwd":"/tmp/\\ud800"}',
    400,
    /cwd has half of a character/,
  ],
  [
    "half of a character in a parameter",
    '{"op":"any","params":{"a":["\\ud800"]}}',
    422,
    /params\.a\[0\] has half/,
  ],
  [
    "half of a character in a key",
    '{"op":"any","params":{"\\udfff":1}}',
    422,
    /the key params\..* cannot be kept/,
  ],
  ["half of a character in a label", '{"op":"any","label":"a\\uDBFFb"}', 400, /label has half/],
  [
    "a cwd longer than a path",
    JSON.stringify({ op: "any", cwd: `/${"x".repeat(5000)}` }),
    400,
    /cwd takes text of at most 4095/,
  ],
  ["an env name with =", '{"op":"env","env":{"A=B":"x"}}', 400, /env\.A=B: the name of a variable/],
  [
    "an empty env name",
    '{"op":"env","env":{"":"x"}}',
    400,
    /the name of a variable must not be empty/,
  ],
  [
    "a null character in an env name",
    '{"op":"env","env":{"A\\u0000":"x"}}',
    400,
    /the name of a variable/,
  ],
  [
    "a null character in an env value",
    '{"op":"env","env":{"ODD":"a\\u0000b"}}',
    400,
    /env\.ODD must not contain a null/,
  ],
  [
    "half of a character in an env value",
    '{"op":"env","env":{"ODD":"\\ud800"}}',
    400,
    /env\.ODD has half of a character/,
  ],
];

test.each(REFUSED)(
  "refused with the reason, and nothing is recorded: %s",
  async (_, bytes, status, detail) => {
    const before = (await daemon.client.list({ limit: 0 })).total;
    const { status: answered, body } = await post(bytes);
    expect({ status: answered, detail: body.detail }).toEqual({
      status,
      detail: expect.stringMatching(detail),
    });
    expect((await daemon.client.list({ limit: 0 })).total).toBe(before);
  },
);

test("a prototype key that an operation hands over fails it with the reason", async () => {
  const { state, error } = await given(
    JSON.stringify({ op: "hands-over", params: { json: '{"a":{"__proto__":1}}' } }),
  );
  expect({ state, error }).toMatchObject({
    state: "failed",
    error: { message: expect.stringMatching(/the key a\.__proto__ cannot be kept/) },
  });
});

describe("on the command line", () => {
  test.each(["submit", "run"])(
    "%s refuses prototype keys and numbers that round, exit 2",
    async (command) => {
      for (const words of [
        ["--params", '{"a":{"__proto__":1}}'],
        ["--params", '{"n":12345678901234567891}'],
        ["a.__proto__=1"],
        ['a:={"__proto__":1}'],
      ]) {
        const { code, stderr } = await runBin(daemon.world, "liveops", [command, "any", ...words]);
        expect({ code, stderr }).toEqual({
          code: 2,
          stderr: expect.stringMatching(/__proto__|12345678901234567891/),
        });
      }
    },
  );
});

/** Bodies of many elements, or of long names, whose refusal, or reading, took seconds. */
const ELEMENTS = 50_000;
const many = (item: (n: number) => string) =>
  Array.from({ length: ELEMENTS }, (_, n) => item(n)).join(",");
const LARGE: Array<[what: string, bytes: () => string, status: number]> = [
  ["unknown keys", () => `{"op":"any",${many((n) => `"a${n}":1`)}}`, 400],
  ["wrong env names", () => `{"op":"any","env":{${many((n) => `"=${n}":""`)}}}`, 400],
  ["unknown parameters", () => `{"op":"open","params":{${many((n) => `"ma${n}":1`)}}}`, 422],
  ["wrong items", () => `{"op":"open","params":{"list":[${many(() => "1")}]}}`, 422],
  ["variables", () => `{"op":"any","env":{${many((n) => `"A${n}":""`)}}}`, 400],
  [
    "parameters of different names",
    () => `{"op":"any","params":{${many((n) => `"a${n}":""`)}}}`,
    201,
  ],
  ["words of different names", () => `{"op":"any","set":[${many((n) => `"a${n}="`)}]}`, 400],
  ["words of one list", () => `{"op":"open","set":[${many(() => '"list=a"')}]}`, 400],
  ["words that are no texts", () => `{"op":"any","set":[${many(() => "1")}]}`, 400],
  [
    "a name of millions of letters",
    () => `{"op":"open","params":{"${"map".repeat(1_300_000)}":1}}`,
    422,
  ],
  ["a type of millions of letters", () => `{"op":"${"any".repeat(1_300_000)}"}`, 404],
];

test.each(LARGE)(
  "a large body of %s is answered in seconds, shortly, and others meanwhile",
  async (_, bytes, status) => {
    const waits: number[] = [];
    let over = false;
    const others = (async () => {
      while (!over) {
        const began = performance.now();
        await daemon.client.daemon();
        waits.push(performance.now() - began);
      }
    })();
    const answer = await post(bytes());
    over = true;
    await others;
    expect({ status: answer.status, code: answer.body.code }).toMatchObject({ status });
    expect(answer.ms).toBeLessThan(15_000);
    expect(Math.max(...waits)).toBeLessThan(5000);
    if (status !== 201) expect(JSON.stringify(answer.body).length).toBeLessThan(20_000);
  },
);
