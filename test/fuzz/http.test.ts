/**
 * A law of a real daemon on a temporary socket. After any input the daemon answers the next
 * request, and never answers with an internal error.
 *
 * The operations that valid requests submit do nothing. No request names the route that stops the
 * daemon.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cases } from "../faults/mode.js";
import { TestDaemon } from "../harness/daemon.js";
import { type Mutation, mutate, mutations, rarely } from "./mutations.js";

/**
 * Time in ms for an answer to arrive; what comes later is not looked at, but still in the daemon's
 * log.
 */
const ANSWER_MS = 250;
/** Time in ms after the first bytes for the rest: streams do not end. */
const REST_MS = 25;
/** Time in ms in which a daemon on a busy machine answers a plain request. */
const ALIVE_MS = 20_000;

const OPS = {
  "fuzzed.mjs": `
    import { LiveOperation, z } from "liveops";
    export class Any extends LiveOperation { static stages = ["Work"]; async run(p) { await p.stage("Work", () => {}); } }
    export class Open extends LiveOperation {
      static stages = ({ parts }) => ["Work", ...parts];
      static params = z.object({ n: z.number().optional(), parts: z.array(z.string()).default([]), map: z.record(z.string(), z.unknown()).optional() });
      async run(p) { await p.stage("Work", () => {}); p.result(this.params); }
    }`,
};

let daemon: TestDaemon;
let known: string;
beforeAll(async () => {
  daemon = await TestDaemon.start({ ops: OPS, concurrency: 1 });
  known = (await daemon.submit("any")).id;
});
afterAll(() => daemon[Symbol.asyncDispose]());

type Framing = "length" | "chunked" | "wrong length" | "none" | "both";

interface Request {
  /** Method and path. */
  route: [string, string];
  query: Array<[string, string]>;
  headers: Array<[string, string]>;
  body: string | null;
  framing: Framing;
}

const oddText = fc.oneof(
  fc.constantFrom(
    "",
    "0",
    "-1",
    "1",
    "true",
    "null",
    "\0",
    "%00",
    "%",
    "%E0%A4",
    "\ud800",
    "__proto__",
    "constructor",
  ),
  fc.constantFrom(
    "1e999",
    "99999999999999999999",
    "a".repeat(3000),
    "../../etc",
    "succeeded,failed",
    "chain",
    "\r\n",
  ),
  fc.string({ unit: "binary" }),
  fc.nat().map(String),
);
/** KNOWN stands for the id of an operation that exists. */
const id = fc.oneof({ weight: 6, arbitrary: fc.constant("KNOWN") }, oddText.map(encodeSafely));
/** Routes as they are, and some that are not. */
const route = fc.oneof(
  { weight: 6, arbitrary: fc.constant<[string, string]>(["POST", "/v1/operations"]) },
  {
    weight: 6,
    arbitrary: fc.constantFrom<[string, string]>(
      ["GET", "/v1/operations"],
      ["GET", "/v1/watch"],
      ["GET", "/v1/ops"],
      ["GET", "/v1/daemon"],
      ["GET", "/metrics"],
    ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          "GET ",
          "GET /log",
          "GET /events",
          "POST /cancel",
          "POST /retry",
          "DELETE ",
        ),
        id,
      )
      .map(([words, it]): [string, string] => {
        const [method = "", rest = ""] = words.split(" ");
        return [method, `/v1/operations/${it}${rest}`];
      }),
  },
  { weight: 2, arbitrary: id.map((it): [string, string] => ["GET", `/v1/ops/${it}/history`]) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom("GET", "POST", "HEAD", "PUT", "OPTIONS", "TRACE", "CONNECT", "QUERY"),
      fc.constantFrom("/", "*", "//", "/v1/ops", "/v1/operations", "http://x/v1/ops"),
    ),
  },
);
const queryName = fc.constantFrom(
  ...[
    "state",
    "op",
    "chain",
    "q",
    "limit",
    "before",
    "after",
    "tail",
    "match",
    "stage",
    "stream",
    "follow",
    "log",
  ],
  ...["logAfter", "since", "operation", "__proto__"],
);
const json = fc.oneof(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.constantFrom(
    "1e999",
    "-0",
    "12345678901234567890",
    '"\\ud800"',
    '"\\u0000"',
    '{"__proto__":1}',
    '{"a":1,"a":2}',
    "[".repeat(400),
  ),
);
const member = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        '"op":"open"',
        '"cwd":"/"',
        '"label":"x"',
        '"env":{"A":"b"}',
        '"params":{"n":1}',
        '"set":["n=1"]',
      ],
      ...['"params":{"parts":["a","b"]}', '"params":{"map":{"constructor":{"prototype":1}}}'],
    ),
  },
  fc.constantFrom('"op":"nope"', '"from":"Work"', '"now":1'),
  fc
    .tuple(
      fc.constantFrom(
        "op",
        "params",
        "set",
        "label",
        "cwd",
        "env",
        "from",
        "__proto__",
        "map",
        "n",
      ),
      json,
    )
    // A boolean would be valid for no route but the one that stops the daemon.
    .map(([key, value]) => `"${key}":${value}`),
  json.map((value) => `"params":{"map":{"x":${value}},"n":${value}}`),
  fc
    .array(oddText, { maxLength: 4 })
    .map((words) => `"set":${JSON.stringify(words.map((word) => `n=${word}`))}`),
);
const object = fc
  .array(member, { maxLength: 5 })
  .map((members) => `{"op":"any"${members.map((it) => `,${it}`).join("")}}`);
const body = fc.oneof(
  { weight: 5, arbitrary: object },
  fc.array(object, { maxLength: 4 }).map((all) => `[${all.join(",")}]`),
  json,
  fc.string({ unit: "binary" }),
);
const headerText = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 300 }).filter((text) => /^[ -~]*$/.test(text)) },
  oddText,
);
const header = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom("idempotency-key", "accept", "content-type"), headerText),
  },
  fc.tuple(fc.constantFrom("liveops-version", "connection", "expect", "upgrade", "x"), headerText),
  fc.constantFrom<[string, string]>(
    ["connection", "close"],
    ["expect", "100-continue"],
    ["accept", "text/plain"],
    ["content-encoding", "gzip"],
    ["idempotency-key", "one"],
  ),
);
const request: fc.Arbitrary<Request> = fc.record({
  route,
  query: fc.array(fc.tuple(queryName, oddText.map(encodeSafely)), { maxLength: 3 }),
  headers: fc.array(header, { maxLength: 2 }),
  body: fc.option(body),
  framing: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Framing>("length") },
    fc.constantFrom<Framing>("chunked", "chunked", "wrong length", "none", "both"),
  ),
});

interface Input {
  requests: Request[];
  changes: Mutation[];
  noise: Uint8Array | null;
}

const special = [
  "\r\n",
  "\r\n\r\n",
  "\0",
  " ",
  ":",
  "?",
  "%",
  "{",
  "}",
  '"',
  "[",
  "\\",
  "\xff",
  "HTTP/1.1",
  "content-length: 5\r\n",
];
const inputs: fc.Arbitrary<Input> = fc.record({
  requests: fc.array(request, { minLength: 1, maxLength: 3 }),
  changes: fc.oneof({ weight: 6, arbitrary: fc.constant<Mutation[]>([]) }, mutations(special, 4)),
  noise: rarely(fc.uint8Array({ maxLength: 2000 })),
});

function encodeSafely(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : "%ED%A0%80";
}

function bytesOf({ route: [method, path], query, headers, body, framing }: Request): Buffer {
  const target =
    path.replace("KNOWN", known) +
    (query.length > 0 ? `?${query.map((pair) => pair.join("=")).join("&")}` : "");
  const content = Buffer.from(body ?? "");
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "host: x",
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  if (body !== null && framing !== "none") {
    if (framing !== "chunked")
      lines.push(`content-length: ${content.length + (framing === "wrong length" ? 3 : 0)}`);
    if (framing === "chunked" || framing === "both") lines.push("transfer-encoding: chunked");
  }
  const isChunked = body !== null && (framing === "chunked" || framing === "both");
  const framed = isChunked
    ? Buffer.concat([
        Buffer.from(`${content.length.toString(16)}\r\n`),
        content,
        Buffer.from("\r\n0\r\n\r\n"),
      ])
    : content;
  return Buffer.concat([
    Buffer.from(`${lines.join("\r\n")}\r\n\r\n`),
    body === null ? Buffer.alloc(0) : framed,
  ]);
}

/** Sends the bytes on a connection of their own; what came back. */
function exchange(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(daemon.world.socket);
    const giveUp = setTimeout(() => socket.destroy(), ANSWER_MS);
    let rest: NodeJS.Timeout | undefined;
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      rest ??= setTimeout(() => socket.destroy(), REST_MS);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(giveUp);
      clearTimeout(rest);
      resolve(answer);
    });
    socket.end(bytes);
  });
}

/** Faults that earlier inputs are to blame for: a failure is shrunk with the same daemon. */
let seen = 0;

/** New lines of the daemon's log that tell of a fault in the daemon. */
function newFaults(): string[] {
  const text = readFileSync(join(daemon.world.stateDir, "liveopsd.log"), "utf8");
  const faults = text.split("\n").filter((line) => /"level":[56]0/.test(line));
  const fresh = faults.slice(seen);
  seen = faults.length;
  return fresh;
}

test("whatever is sent, the daemon lives, answers the next request, and has no fault of its own", async () => {
  const law = fc.asyncProperty(inputs, async ({ requests, changes, noise }) => {
    const bytes =
      noise === null ? mutate(Buffer.concat(requests.map(bytesOf)), changes) : Buffer.from(noise);
    const answer = await exchange(bytes);
    expect(answer).not.toMatch(/^HTTP\/1\.1 5\d\d |"code":"LIVEOPS_(INTERNAL|TYPE_FAULT)"/m);
    const { pid } = await daemon.client.daemon(AbortSignal.timeout(ALIVE_MS));
    expect(pid).toBe(daemon.pid);
    expect(newFaults()).toEqual([]);
  });
  await fc.assert(law, { numRuns: cases(200, 1000) });
});
