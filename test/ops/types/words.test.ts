import fc from "fast-check";
import { expect, it } from "vitest";
import { z } from "zod";
import { inputSchema } from "../../../ops/types/describe-type.js";
import { readWords } from "../../../ops/types/words.js";
import { Refusal } from "../../../protocol/errors.js";

function read(params: z.ZodType | null, words: string[], base?: object): unknown {
  return readWords(inputSchema(params), base, words);
}

function refusal(params: z.ZodType | null, words: string[], base?: object): Refusal {
  try {
    read(params, words, base);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error(`${words.join(" ")} was taken`);
}

const all = z.object({
  path: z.string().describe("file to load"),
  limit: z.number().default(100),
  port: z.int().optional(),
  force: z.boolean().default(false),
  mode: z.enum(["fast", "slow"]).optional(),
  level: z.union([z.literal(1), z.literal(2), z.literal("max")]).optional(),
  parts: z.array(z.string()).default([]),
  sizes: z.array(z.number()).optional(),
  note: z.string().nullable().optional(),
  either: z.union([z.number(), z.string()]).optional(),
  env: z.record(z.string(), z.string()).optional(),
  server: z
    .object({ host: z.string(), port: z.number(), tags: z.array(z.string()).optional() })
    .optional(),
  any: z.any().optional(),
});

it.each<[string[], unknown]>([
  [["path=a=b"], { path: "a=b" }],
  [["path="], { path: "" }],
  [["path=5"], { path: "5" }],
  [["limit=1e3"], { limit: 1000 }],
  [["limit=-0.5"], { limit: -0.5 }],
  [["port=8080"], { port: 8080 }],
  [["force=true"], { force: true }],
  [["force=yes"], { force: true }],
  [["force=on"], { force: true }],
  [["force=false"], { force: false }],
  [["force=no"], { force: false }],
  [["force=off"], { force: false }],
  [["mode=fast"], { mode: "fast" }],
  [["level=2"], { level: 2 }],
  [["level=max"], { level: "max" }],
  [["parts=a", "parts=b"], { parts: ["a", "b"] }],
  [['parts=["a","b"]'], { parts: ["a", "b"] }],
  [['parts=["a"]', "parts=b"], { parts: ["a", "b"] }],
  [["parts=[ab]*.c"], { parts: ["[ab]*.c"] }],
  [["sizes=1", "sizes=2.5"], { sizes: [1, 2.5] }],
  [["note=null"], { note: null }],
  [["note=text"], { note: "text" }],
  [["either=5"], { either: 5 }],
  [["either=five"], { either: "five" }],
  [["env.A=1", "env.B=x=y"], { env: { A: "1", B: "x=y" } }],
  [['env={"A":"1"}'], { env: { A: "1" } }],
  [
    ["server.host=h", "server.port=80", "server.tags=a"],
    { server: { host: "h", port: 80, tags: ["a"] } },
  ],
  [["limit:=5"], { limit: 5 }],
  [['path:="5"'], { path: "5" }],
  [['server:={"host":"h","port":1}'], { server: { host: "h", port: 1 } }],
  [["any=5"], { any: "5" }],
  [["any:=5"], { any: 5 }],
])("reads %j", (words, expected) => {
  expect(read(all, words)).toEqual(expected);
});

it.each<[string[], RegExp]>([
  [["limit="], /^limit is empty; it takes a number/],
  [["limit=abc"], /^limit takes a number, like 3, not "abc"/],
  [["limit=1e999"], /too large/],
  [["port=9007199254740993"], /too large to be kept exactly/],
  [["force=maybe"], /^force takes true or false/],
  [["force="], /^force is empty/],
  [["mode=fsat"], /^mode takes one of fast, slow, not "fsat"\. Did you mean fast\?/],
  [["path=a", "path=b"], /^path is given twice/],
  [["path=a", 'path:="b"'], /^path is given twice/],
  [["pth=a"], /^there is no parameter "pth"\. Did you mean path\?/],
  [["server.prot=80"], /^there is no parameter "server\.prot"\. Did you mean server\.port\?/],
  [["path.x=1"], /^path has no named values/],
  [["server=x"], /^server takes an object: write server\.NAME=value/],
  [["env.A=1", 'env:={"B":"2"}'], /env\.A and env cannot both be given/],
  [['env:={"B":"2"}', "env.A=1"], /env and env\.A cannot both be given/],
  [["path"], /^"path" is not name=value/],
  [["--path=x"], /write path=value/],
  [["=x"], /is not name=value/],
  [["limit:=five"], /^limit:= takes JSON, and "five" is not valid JSON/],
  [["parts=[a]"], /looks like a list but is not valid JSON; .* parts:=\["\[a\]"\]/],
  [['args:=["make"]'], /no arguments after --/],
  [["__proto__.x=1"], /is not a valid parameter name/],
])("refuses %j", (words, message) => {
  const { code, message: detail } = refusal(all, words);
  expect(code).toBe("LIVEOPS_PARAMS_INVALID");
  expect(detail).toMatch(message);
});

it("lists every parameter with type, need and description, and the near names", () => {
  const { message, extra } = refusal(all, ["pth=a", "limt=1"]);
  expect(extra.nearest).toEqual(["path", "limit"]);
  expect(message).toMatch(/^ {2}path {2,}text {2,}required {2,}file to load$/m);
  expect(message).toMatch(/^ {2}limit {2,}number {2,}default 100$/m);
  expect(message).toMatch(/^ {2}mode {2,}fast \| slow {2,}optional$/m);
  expect(message).toMatch(/^ {2}sizes {2,}list of number {2,}optional$/m);
});

it("lays words over the base, which stays as it is", () => {
  const base = { path: "a", parts: ["x"], env: { A: "1" } };
  expect(read(all, ["path=b", "parts=y", "env.B=2"], base)).toEqual({
    path: "b",
    parts: ["y"],
    env: { A: "1", B: "2" },
  });
  expect(base).toEqual({ path: "a", parts: ["x"], env: { A: "1" } });
});

it.each([
  [["make", "-j4"], "liveops submit shell -- make -j4"],
  [["grace=1", "make", "CC=gcc", "it's"], "liveops submit shell grace=1 -- make CC=gcc 'it'\\''s'"],
  [Array(100).fill("x"), `liveops submit shell -- ${Array(30).fill("x").join(" ")} …`],
])("names the command line to type for a command without --: %j", (words, line) => {
  const shell = z.object({ args: z.array(z.string()), grace: z.number() });
  const problem = `is not name=value; a command and its arguments follow --: ${line}\nParameters:`;
  expect(() => readWords(inputSchema(shell), {}, words, ["liveops", "submit", "shell"])).toThrow(
    problem,
  );
  expect(() => readWords(inputSchema(z.object({ grace: z.number() })), {}, words)).not.toThrow(
    "follow --",
  );
  const both = [...words, 'args:=["make"]'];
  expect(() => readWords(inputSchema(shell), {}, both)).not.toThrow("follow --");
});

it("lists all parameters, unless a single name is mistyped: then it names their command", () => {
  const schema = inputSchema(z.object({ path: z.string(), level: z.number() }));
  const refused = (words: string[], line: string[]) => {
    try {
      return String(readWords(schema, {}, words, line));
    } catch (error) {
      return (error as Refusal).message;
    }
  };
  const submit = ["liveops", "submit", "my type"];
  expect(refused(["pth=a"], submit)).toBe(
    `there is no parameter "pth". Did you mean path?\nAll parameters: liveops submit 'my type' --help`,
  );
  expect(refused(["pth=a", "levl=1"], submit)).toContain("\nParameters:\n");
  expect(refused(["zzz=a"], submit)).toContain("\nParameters:\n");
  expect(refused(["pth=a"], ["liveops", "again", "k3f"])).toContain("\nParameters:\n");
});

it.each([
  ["command=make -j4", "a command and its arguments follow --: liveops submit shell -- make -j4"],
  [
    "cmd=a | b",
    "the text of a script is the parameter script: liveops submit shell 'script=a | b'",
  ],
])("names the command line to type for %s", (word, problem) => {
  const shell = z.object({ args: z.array(z.string()), script: z.string().optional() });
  expect(() => readWords(inputSchema(shell), {}, [word], ["liveops", "submit", "shell"])).toThrow(
    `; ${problem}`,
  );
  const own = shell.extend({ command: z.string(), cmd: z.string() });
  expect(() => readWords(inputSchema(own), {}, [word])).not.toThrow();
});

it("takes what follows -- as args where the type has them", () => {
  const shell = z.object({ args: z.array(z.string()) });
  expect(read(shell, ['args:=["make","-j4"]'])).toEqual({ args: ["make", "-j4"] });
});

it("takes any name, as a text, where there is no schema, and other names where the schema is loose", () => {
  expect(read(null, ["n=5", "a.b=true"])).toEqual({ n: "5", a: { b: "true" } });
  const loose = z.looseObject({ n: z.number() });
  expect(read(loose, ["n=5", "other=5"])).toEqual({ n: 5, other: "5" });
});

it("follows references, branches and parts", () => {
  const node = z.object({
    name: z.string(),
    get next() {
      return node.optional();
    },
  });
  expect(read(node, ["name=a", "next.next.name=c"])).toEqual({
    name: "a",
    next: { next: { name: "c" } },
  });
  const shape = z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("circle"), r: z.number() }),
    z.object({ kind: z.literal("square"), side: z.number() }),
  ]);
  expect(read(shape, ["kind=square", "side=2"])).toEqual({ kind: "square", side: 2 });
  const both = z.intersection(z.object({ a: z.number() }), z.object({ b: z.boolean() }));
  expect(read(both, ["a=1", "b=yes"])).toEqual({ a: 1, b: true });
});

it("law: any text comes through a text parameter as it is", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(read(all, [`path=${text}`])).toEqual({ path: text });
    }),
  );
});

it("law: any JSON comes through := as it is", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      // This key is refused, since it would be lost.
      fc.pre(!json.includes('"__proto__":'));
      expect(read(all, [`any:=${json}`])).toEqual({ any: JSON.parse(json) });
    }),
  );
});

it("law: a number is read exactly where it is JSON's, and refused otherwise", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.double().map(String), fc.integer().map(String), fc.string()),
      (text) => {
        let json: unknown;
        try {
          json = text.trim() === text ? JSON.parse(text) : undefined;
        } catch {}
        const isNumber = typeof json === "number" && Number.isFinite(json);
        const exact = isNumber && (!/^-?\d+$/.test(text) || Number.isSafeInteger(json));
        if (exact) expect(read(all, [`limit=${text}`])).toEqual({ limit: json });
        else expect(() => read(all, [`limit=${text}`])).toThrow(Refusal);
      },
    ),
  );
});

it("law: a list of texts is read from repeated words, from one JSON list, and from both", () => {
  const item = fc.string().filter((text) => !/^\s*\[[\s\S]*\]\s*$/.test(text));
  fc.assert(
    fc.property(fc.array(item, { minLength: 1 }), fc.nat(), (items, seed) => {
      const cut = seed % items.length;
      const repeated = items.map((each) => `parts=${each}`);
      const mixed = [`parts=${JSON.stringify(items.slice(0, cut))}`, ...repeated.slice(cut)];
      for (const words of [repeated, [`parts=${JSON.stringify(items)}`], mixed])
        expect(read(all, words)).toEqual({ parts: items });
    }),
  );
});

it("law: whatever is typed, the answer is params or a refusal, and no prototype changes", () => {
  const word = fc.oneof(
    fc.string(),
    fc
      .tuple(
        fc.constantFrom(
          "path",
          "env.a",
          "server.port",
          "parts",
          "__proto__",
          "constructor",
          "a.__proto__.b",
        ),
        fc.constantFrom("=", ":=", ""),
        fc.string(),
      )
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), fc.boolean(), (words, loose) => {
      try {
        read(loose ? null : all, words);
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
  );
});
