// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
/**
 * Pipeline files: what is read, and what is refused with its position, its key and the nearest
 * name.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Pipeline } from "../../../ops/pipeline/definition.js";
import { parsePipeline, readPipelineFile } from "../../../ops/pipeline/read/parse.js";
import { problemLines } from "../../../ops/pipeline/read/problems.js";
import { cases } from "../../faults/mode.js";

function read(text: string, path: string | null = "/x/nightly.yaml"): Pipeline {
  const parsed = parsePipeline(text, path);
  if (!parsed.ok) throw new Error(problemLines("f", parsed.problems).join("\n"));
  return parsed.file.pipeline;
}

/** The problems, as lines. */
function problems(text: string, path: string | null = "/x/nightly.yaml"): string[] {
  const parsed = parsePipeline(text, path);
  return parsed.ok ? [] : problemLines("f", parsed.problems);
}

/** A pipeline with one stage, whose keys are given. */
const stage = (keys: string, top = "") =>
  `${top}stages:\n  - name: A\n    ${keys.replaceAll("\n", "\n    ")}\n`;

const FULL = `# comment
name: nightly
description: dump the database and copy it away
params:
  target: { type: string, required: true, description: rclone remote }
  level:  { type: integer, default: 6 }
  mode:   { enum: [3.10, fast], default: fast }
  dry:    { type: boolean, default: false }
  token:  { type: string, secret: true, required: true }
  note:
env: { TZ: UTC, VERSION: 3.10, COPY: "$target/copy" }
cwd: file
timeout: 1h30m
stages:
  - name: Dump
    run: |
      pg_dump "$DB" -Z "$level" -f "$FILE"
      echo "size=$(stat -c %s "$FILE")" >> "$LIVEOPS_OUTPUT"
    env: { DB: main, FILE: /tmp/db.dump, PGPASSWORD: $token }
    cwd: sub/\${mode}
    timeout: 2h
    retry: { attempts: 3, backoff: 500ms, exit: [75, 1] }
    outputs: [size]
  - name: Upload
    run: [rclone, copy, $COPY, "a b $\${size} $size", 3.10, "", true]
    when: [test, -s, /tmp/db.dump]
    allow_failure: true
    tty: true
finally: { run: [rm, -f, /tmp/db.dump], timeout: 5 }
then: { op: verify, with: { size: $size, n: 3, deep: { list: [$level, null, true, "$$"] } } }
`;

test("every key is read, with its default, and scalars of env stay as written", () => {
  const pipeline = read(FULL);
  expect(pipeline).toMatchObject({
    name: "nightly",
    description: "dump the database and copy it away",
    cwd: "file",
    timeout: 5400,
  });
  const param = { required: false, secret: false, description: null };
  expect(pipeline.params).toEqual([
    { ...param, name: "target", type: "string", required: true, description: "rclone remote" },
    { ...param, name: "level", type: "integer", default: 6 },
    { ...param, name: "mode", type: "string", enum: ["3.10", "fast"], default: "fast" },
    { ...param, name: "dry", type: "boolean", default: false },
    { ...param, name: "token", type: "string", required: true, secret: true },
    { ...param, name: "note", type: "string" },
  ]);
  expect([...pipeline.env]).toEqual([
    ["TZ", [{ text: "UTC" }]],
    ["VERSION", [{ text: "3.10" }]],
    ["COPY", [{ name: "target" }, { text: "/copy" }]],
  ]);
  const [dump, upload] = pipeline.stages;
  expect(dump).toMatchObject({
    name: "Dump",
    run: { kind: "script", line: 17 },
    cwd: [{ text: "sub/" }, { name: "mode" }],
    timeout: 7200,
    retry: { attempts: 3, backoff: 0.5, exit: [75, 1] },
    outputs: ["size"],
    when: null,
    tty: false,
    allowFailure: false,
  });
  expect(upload).toMatchObject({
    when: {
      kind: "words",
      words: [[{ text: "test" }], [{ text: "-s" }], [{ text: "/tmp/db.dump" }]],
      line: 26,
    },
    retry: { attempts: 1, backoff: 1, exit: null },
    cwd: null,
    timeout: null,
    outputs: [],
    tty: true,
    allowFailure: true,
  });
  expect(upload!.run).toEqual({
    kind: "words",
    line: 25,
    words: [
      [{ text: "rclone" }],
      [{ text: "copy" }],
      [{ name: "COPY" }],
      [{ text: "a b ${size} " }, { name: "size" }],
      [{ text: "3.10" }],
      [],
      [{ text: "true" }],
    ],
  });
  expect(pipeline.finally).toMatchObject({ timeout: 5, tty: false, run: { kind: "words" } });
  expect(pipeline.then?.with.get("size")).toEqual({ kind: "text", text: [{ name: "size" }] });
  expect(pipeline.then?.with.get("n")).toEqual({ kind: "constant", value: 3 });
  expect(pipeline.then?.with.get("deep")).toEqual({
    kind: "map",
    entries: new Map([
      [
        "list",
        {
          kind: "list",
          items: [
            { kind: "text", text: [{ name: "level" }] },
            { kind: "constant", value: null },
            { kind: "constant", value: true },
            { kind: "text", text: [{ text: "$" }] },
          ],
        },
      ],
    ]),
  });
});

test("a script is taken exactly as it is written: shell syntax is the shell's", () => {
  const script = [
    'echo "$HOME ${x:-$(id)} $$ $1 $unknown {{ .level }}"',
    "  cat <<'EOF'",
    "  `whoami` \\n 'quotes' \"too\" # no comment",
    "  EOF",
    "",
    "exit 0 # ${not} a template",
  ].join("\n");
  const { run } = read(stage(`run: |\n  ${script.replaceAll("\n", "\n  ")}`)).stages[0]!;
  expect(run).toEqual({ kind: "script", script: `${script}\n`, line: 4 });
});

test.each([
  ["finally: echo done", { kind: "script", script: "echo done" }],
  ["finally: [echo, done]", { kind: "words" }],
  ["finally: { run: echo done }", { kind: "script", script: "echo done" }],
])("%s", (text, run) => {
  expect(read(`${stage("run: x")}${text}`).finally).toMatchObject({
    timeout: null,
    env: new Map(),
    run,
  });
});

test.each([
  ["/x/nightly_dump.yaml", "nightly-dump"],
  ["/x/DumpAll.v2.yml", "dump-all-v2"],
  [null, "pipeline"],
])("the name of %s is %s", (path, name) => {
  expect(read(stage("run: x"), path).name).toBe(name);
});

test("anchors, aliases and merge keys: the map's own keys come first", () => {
  const { stages } = read(
    `
stages:
  - &base { name: First, run: ./first, timeout: 10m, env: &env { A: "1" } }
  - { <<: *base, name: Second, env: { <<: *env, B: "2" } }
  - { <<: [*base, { tty: true, timeout: 1m }], name: Third, run: [*name] }
`.replace("[*name]", "x"),
  );
  expect(stages.map(({ name, timeout, tty }) => [name, timeout, tty])).toEqual([
    ["First", 600, false],
    ["Second", 600, false],
    ["Third", 600, true],
  ]);
  expect([...stages[1]!.env.keys()].sort()).toEqual(["A", "B"]);
});

test("CRLF and a byte order mark change no script and no position", () => {
  const text = "\ufeffstages:\r\n  - name: A\r\n    run: |\r\n      one\r\n      two\r\n";
  expect(read(text).stages[0]!.run).toEqual({ kind: "script", script: "one\ntwo\n", line: 4 });
  expect(problems(`${text}    timout: 1\r\n`)).toEqual([
    expect.stringMatching(/^f:6:5: "timout" is not a key/),
  ]);
});

test("all problems at once, in the order of the file", () => {
  const found = problems(`name: Nightly Job
params:
  level: { type: int, default: 12 }
  my-name: {}
timout: 5
stages:
  - name: A
    run: [echo, $lvel]
    retry: { attempts: 0 }
  - name: A
    command: x
    run: y
`);
  expect(found).toEqual([
    expect.stringMatching(/^f:1:7: name takes .*not "Nightly Job"; write nightly-job$/),
    expect.stringMatching(
      /^f:3:18: params\.level\.type takes one of .*, not "int"; write integer$/,
    ),
    expect.stringMatching(
      /^f:4:3: params: "my-name" is not the name of a variable.*such as my_name$/,
    ),
    expect.stringMatching(/^f:5:1: "timout" is not a key of a pipeline, .*did you mean timeout\?$/),
    expect.stringMatching(
      /^f:8:17: stages\[0\]\.run\[1\]: \$lvel is no parameter.*did you mean level\?$/,
    ),
    expect.stringMatching(
      /^f:9:24: stages\[0\]\.retry\.attempts takes a whole number from 1 to 1000, not "0"$/,
    ),
    expect.stringMatching(
      /^f:10:11: the name "A" is that of the stage in line 7 too; choose another$/,
    ),
    expect.stringMatching(/^f:11:5: "command" is not a key of a stage; write run$/),
  ]);
});

describe("refused", () => {
  const P = "params: { level: { default: '6' }, opt: {}, tok: { secret: true, required: true } }\n";
  test.each<[string, string, RegExp]>([
    ["no stages", "name: x", /^f:1:1: a pipeline needs the key stages/],
    ["an empty list of stages", "stages: []", /^f:1:9: stages takes a list.*, not an empty list$/],
    [
      "a stage that is a text",
      "stages: [make]",
      /^f:1:10: stages\[0\] takes a map with the keys name, run/,
    ],
    ["a stage without a name", "stages: [{ run: x }]", /a stage needs the key name/],
    [
      "a name of two lines",
      stage("run: x").replace("name: A", 'name: "A\\nB"'),
      /name takes a text of one line/,
    ],
    ["an empty script", stage("run: '  '"), /^f:3:10: stages\[0\]\.run takes a script/],
    [
      "no script",
      stage("run:"),
      /run takes a script.*, not nothing; remove the key, or give a value$/,
    ],
    [
      "a number as script",
      stage("run: 5"),
      /run takes a script \(text\), or a list of words, not "5"$/,
    ],
    ["an empty list", stage("run: []"), /run takes .* not an empty list/],
    ["an empty program", stage('run: ["", x]'), /run\[0\] takes a program/],
    [
      "a list in a list",
      stage("run: [echo, [a]]"),
      /run\[1\] takes a text or a number, not a list$/,
    ],
    [
      "an empty word",
      stage("run: [echo, ]").replace(", ]", ", ~]"),
      /run\[1\] takes a text or a number, not nothing/,
    ],
    [
      "${{ }} in a script",
      stage("run: |\n  true\n  echo ${{ inputs.x }}"),
      /^f:5:12: .*\$\{\{ \}\} does not exist here/,
    ],
    ["${{ }} in a flow mapping", "stages: [{ name: A, run: 'echo ''a'' ${{ x }}' }]", /^f:1:38: /],
    ["${{ }} in a folded text", stage("run: >-\n  echo\n  'x' ${{ x }}"), /^f:5:11: /],
    ["${{ }} in a text of two lines", stage('run: "echo \\"a\\"\n  ${{ x }}"'), /^f:4:7: /],
    ["${{ }} that is escaped", stage('run: "echo \\x24{{ x }}"'), /^f:3:10: /],
    ["${{ }} in a word", stage('run: [echo, "${{ x }}"]'), /\$\{\{ \}\} does not exist here/],
    [
      "${x:-y} in a word",
      stage('run: [echo, "${level:-y}"]', P),
      /is not a name; write \$\{name\}, or \$\$/,
    ],
    ["$( ) in a word", stage('run: [echo, "$(id)"]'), /needs a shell/],
    [
      "a lone $",
      stage('run: [echo, "5 $"]'),
      /a \$ needs a name; write \$name, or \$\$ for a dollar/,
    ],
    [
      "an unknown name in env",
      stage("run: x\nenv: { A: $HOME }"),
      /env\.A: \$HOME is no parameter/,
    ],
    ["a variable of the environment in a word", stage("run: [ls, $HOME]"), /write run as a script/],
    [
      "a parameter that may have no value",
      stage("run: [x, $opt]", P),
      /may have no value; write required: true/,
    ],
    ["an unknown name in cwd", stage("run: x\ncwd: $nope"), /^f:4:10: stages\[0\]\.cwd: \$nope/],
    [
      "an unknown name in with",
      `${stage("run: x")}then: { op: v, with: { a: [{ b: $nope }] } }`,
      /then\.with\.a\[0\]\.b: \$nope/,
    ],
    [
      "the stage's own output",
      stage("run: [x, $size]\noutputs: [size]"),
      /\$size is an output of the stage "A", which has not run then/,
    ],
    [
      "an output in the env of the pipeline",
      `env: { A: $size }\n${stage("run: x\noutputs: [size]")}`,
      /^f:1:11: env\.A: \$size is an output of the stage "A"/,
    ],
    [
      "a variable used before its value",
      stage("run: x\nenv: { A: $B, B: '1' }"),
      /env\.A: \$B is no parameter/,
    ],
    [
      "a secret in a list",
      stage("run: [curl, $tok]", P),
      /tok holds a secret, which would be visible in the list of processes/,
    ],
    [
      "a secret in a list by a variable",
      stage("run: [curl, $T]\nenv: { T: 'x $tok' }", P),
      /T holds a secret/,
    ],
    ["a secret in when", stage("run: x\nwhen: [test, $tok]", P), /holds a secret/],
    ["a secret in cwd", stage("run: x\ncwd: $tok", P), /would be visible in the record/],
    [
      "a secret in with",
      `${stage("run: x", P)}then: { op: v, with: { t: $tok } }`,
      /would be stored in the record of the next operation/,
    ],
    [
      "a secret with a default",
      stage("run: x", "params: { t: { secret: true, default: a } }\n"),
      /^f:1:30: params\.t: a secret takes no default; the file would hold the secret$/,
    ],
    [
      "a secret number",
      stage("run: x", "params: { t: { secret: true, type: integer } }\n"),
      /a secret is text/,
    ],
    [
      "a required parameter with a default",
      stage("run: x", "params: { t: { required: true, default: a } }\n"),
      /a required parameter takes no default/,
    ],
    [
      "a default of another type",
      stage("run: x", "params: { t: { type: integer, default: 1.5 } }\n"),
      /t\.default takes a whole number, not "1\.5"$/,
    ],
    [
      "a text as boolean",
      stage("run: x", "params: { t: { type: boolean, default: yes } }\n"),
      /t\.default takes true or false, not "yes"$/,
    ],
    [
      "a default that is not in enum",
      stage("run: x", "params: { t: { enum: [a, b], default: c } }\n"),
      /t\.default takes one of a, b, not "c"$/,
    ],
    [
      "not a number",
      stage("run: x", "params: { t: { type: number, default: .nan } }\n"),
      /takes a number/,
    ],
    [
      "a parameter called PATH",
      stage("run: x", "params: { PATH: {} }\n"),
      /PATH is a name that shells or programs use/,
    ],
    [
      "an output called GIT_SSH_COMMAND",
      stage("run: x\noutputs: [GIT_SSH_COMMAND]"),
      /GIT_SSH_COMMAND is a name that shells or programs use/,
    ],
    [
      "a parameter called __proto__",
      stage("run: x", "params: { __proto__: {} }\n"),
      /__proto__ is a name/,
    ],
    ["a reserved name", stage("run: x\nenv: { LIVEOPS_OUTPUT: x }"), /LIVEOPS_OUTPUT is reserved/],
    [
      "a variable that hides a parameter",
      stage("run: x\nenv: { level: '1' }", P),
      /env\.level would hide the parameter level/,
    ],
    [
      "a variable that hides a later output",
      `env: { size: '1' }\n${stage("run: x\noutputs: [size]")}`,
      /env\.size would hide the output size of the stage "A"/,
    ],
    [
      "an output called like a parameter",
      stage("run: x\noutputs: [level]", P),
      /"level" is the name of the parameter level/,
    ],
    [
      "the same output twice",
      stage("run: x\noutputs: [a, a]"),
      /"a" is the name of the output a of the same stage/,
    ],
    [
      "an empty value of env",
      stage("run: x\nenv: { A: }"),
      /env\.A takes a text or a number, or "" for an empty text, not nothing/,
    ],
    ["a list in env", stage("run: x\nenv: { A: [b] }"), /env\.A takes a text/],
    ["a timeout of 0", stage("run: x\ntimeout: 0"), /timeout takes a duration above 0/],
    ["a timeout of years", stage("run: x\ntimeout: 400d"), /at most 2147483 s/],
    [
      "a timeout without sense",
      stage("run: x\ntimeout: soon"),
      /timeout takes a duration above 0, such as 90s, 10m or 2h, not "soon"$/,
    ],
    [
      "retry as a number",
      stage("run: x\nretry: 3"),
      /retry takes a map with the keys attempts, backoff, exit/,
    ],
    [
      "an exit code of 0",
      stage("run: x\nretry: { attempts: 2, exit: [0] }"),
      /exit\[0\] takes an exit code from 1 to 255, not "0"$/,
    ],
    [
      "cwd: file of a stage",
      stage("run: x\ncwd: file"),
      /file is for the cwd of the pipeline; write \.\/file/,
    ],
    [
      "an operation name with a template",
      `${stage("run: x")}then: { op: $level }`,
      /then\.op takes a name/,
    ],
    [
      "a number that JSON changes",
      `${stage("run: x")}then: { op: v, with: { a: 3.10 } }`,
      /a: 3\.10 is a number; write "3\.10" for the text, or 3\.1 for the number/,
    ],
    ["an id", stage("run: x\nid: a"), /"id" is not a key of a stage; write name/],
    [
      "steps of another tool",
      stage("run: x\nsteps: [{ name: x, run: y }]"),
      /"steps" is not a key of a stage; a stage has one command, or steps in parallel; stages run in/,
    ],
    [
      "services",
      `services: {}\n${stage("run: x")}`,
      /"services" is not a key of a pipeline; a stage can start a server in the background/,
    ],
    [
      "a dependency",
      stage("run: x\nneeds: A"),
      /takes a list of files that the command reads, not "A"; stages run in the order of the file/,
    ],
    [
      "an output that is no text",
      stage("run: x\noutputs: [true]"),
      /outputs\[0\] takes the name of an output, not/,
    ],
    ["a merge of a text", stage("run: x\n<<: y"), /<< takes a map/],
    [
      "a duplicate key",
      stage("run: x\nrun: y"),
      /^f:4:5: "run" is given twice; the first is in line 3$/,
    ],
    ["a complex key", "? [a]\n: b\n", /a key must be a text/],
    ["an unknown alias", stage("run: *cmd"), /no anchor &cmd is above the alias \*cmd/],
    ["an alias in its anchor", "stages: &a [*a]", /the alias \*a is part of its own anchor/],
    ["a tag", stage("run: !!js/function x"), /^f:3:10: .* a pipeline needs no tags/],
    [
      "a tag of YAML itself",
      stage("run: !!binary aGk="),
      /^f:3:10: "!!binary" is a tag, and a pipeline/,
    ],
    ["a tag of a key", "!!str stages: [{ name: A, run: x }]", /^f:1:1: "!!str" is a tag/],
    [
      "a negated command without quotes",
      stage("run: x\nwhen: ! test -e f"),
      /^f:4:11: "!" is a tag, .*quotes$/,
    ],
    [
      "a stage that is indented less",
      `${stage("run: x")}\n# more\n- name: B\n  run: y\n`,
      /^f:6:1: this item \("- "\) is indented by 0 spaces, less than its list; indent it by 2, as in line 2$/,
    ],
    [
      "a list without a key",
      "params:\n  x:\n- run: x",
      /^f:3:1: a list item \("- "\) needs a key with a list above it/,
    ],
    ["YAML 1.1", "%YAML 1.1\n---\na: yes", /liveops reads YAML 1\.2/],
    ["two documents", "--- {a: 1}\n---\nb: 1", /^f:2:1: the file has 2 documents/],
    ["an empty file", "", /^f:1:1: the file is empty; liveops new FILE\.yaml/],
    ["comments only", "# a\n# b\n", /the file is empty/],
    ["a list", "- a", /a pipeline takes a map/],
    [
      "${name} in a map of one line",
      "env: { A: ${x} }\nstages:\n  - name: A\n    run: [echo]",
      /^f:1:12: \$\{x\} needs quotes within \{ \} and \[ \]; write \$x, or "\$\{x\}"$/,
    ],
    [
      "a text after a quote, and nothing that follows from it",
      'name: "a" b\nstages:\n  - name: A\n    run: x',
      /^f:1:11: "b" is not expected here; put the whole value in quotes$/,
    ],
    ["a tab", "stages:\n\t- name: A", /^f:2:1: a tab is not allowed as indentation/],
    ["a colon without quotes", stage("run: curl -H a: b"), /needs quotes, or a block/],
    ["an open quote", 'name: "x', /missing closing/],
    [
      "binary",
      "name: a\nb: \0\x01",
      /^f:2:4: the file is not text: it has the control character 0x00$/,
    ],
    ["a null character by an escape", stage('run: "a\\0b"'), /must not have a null character/],
    ["half a surrogate pair", stage('run: "\\ud800"'), /must be valid Unicode/],
    [
      "needs with too many braces",
      stage(`run: x\nneeds: ["${"{a,b}".repeat(30)}"]`),
      /^f:4:\d+: .*stands for 1,073,741,824 alternatives, more than 1,000; use \* for a part of it/,
    ],
    [
      "a glob of each with too many braces",
      stage(`run: x\neach: { f: { glob: "{1..9}{{a,b},c}${"{a,b}".repeat(6)}" } }`),
      /^f:4:24: .*stands for 1,728 alternatives/,
    ],
    [
      "steps that need in a circle what the others make",
      `stages:
  - name: A
    parallel:
      - { name: x, needs: ["b/*"], makes: [a/q], run: "true" }
      - { name: y, needs: [a/q], makes: [b/z], run: "true" }
`,
      /^f:4:28: stages\[0\]\.parallel: no step can start first, because "x" needs what "y" makes, and "y" needs what "x" makes$/,
    ],
    [
      "an event of the config file",
      stage("run: x", "on: { missed: x }\n"),
      /^f:1:5: on\.missed .*; missed belongs into the config file$/,
    ],
    [
      "an action with no URL",
      stage("run: x", "on: { failure: { post: hook } }\n"),
      /^f:1:5: on\.failure.*URL/,
    ],
    [
      "steps with too many braces together",
      `stages:\n  - name: A\n    parallel:\n${["needs", "makes"]
        .map(
          (key, n) =>
            `      - { name: s${n}, run: x, ${key}: [${Array(20).fill(`"{a,b,c}${"{a,b}".repeat(8)}"`)}] }\n`,
        )
        .join("")}`,
      /^f:4:7: .*the braces of needs and makes stand for too many paths/,
    ],
  ])("%s", (_, text, wanted) => {
    const found = problems(text);
    expect(found.join("\n")).toMatch(wanted);
    // One mistake is one problem.
    expect(found).toHaveLength(1);
  });

  test("cwd: file of a text from stdin", () => {
    expect(problems(`cwd: file\n${stage("run: x")}`, null)).toEqual([
      "f:1:6: cwd: file needs a file; this text came from stdin",
    ]);
  });

  test("a file whose name is not that of a type, without the key name", () => {
    expect(problems(stage("run: x"), "/x/éé.yaml")[0]).toContain(
      "gives no name of a type; add the key name",
    );
  });
});

describe("hostile texts are refused in bounded time and memory", () => {
  const bomb = ["a: &a [x,x,x,x,x,x,x,x,x,x]"];
  for (const [n, name] of [..."bcdefghi"].entries())
    bomb.push(`${name}: &${name} [${Array(10).fill(`*${"abcdefgh"[n]}`).join(",")}]`);
  test.each([
    ["aliases that double", bomb.join("\n"), "more than 10000 values"],
    ["10 MB", "x".repeat(10_000_000), "at most 64 KiB"],
    ["64 KiB of multi-byte text", "é".repeat(40_000), "at most 64 KiB"],
    ["deep lists", "[".repeat(60_000), "nested more than"],
    ["deep blocks", "- ".repeat(30_000), "nested more than"],
    ["40 levels", `a: ${"[".repeat(40)}${"]".repeat(40)}`, "nested more than 32 levels"],
    [
      "many unknown keys",
      Array.from({ length: 5000 }, (_, n) => `k${n}: 1`).join("\n"),
      "is not a key",
    ],
  ])("%s", (_, text, wanted) => {
    const before = process.cpuUsage();
    expect(problems(text).join("\n")).toContain(wanted);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(5_000_000);
  });
});

describe("laws", () => {
  const word = fc.constantFrom(
    ..."name: |stages:|- |run: |  |\n|\t|[|]|{|}|,|&a|*a|<<: |'|\"|#|$|${x}|${{|$$|%|!!str |>|~|é|\r\n|\0|: |? |params: |env: |null|3.10|---".split(
      "|",
    ),
  );

  test("no text makes the loader throw, and each problem has a place in the text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(word, { maxLength: 30 }).map((all) => all.join("")),
          fc.string({ unit: "binary" }),
        ),
        (text) => {
          const parsed = parsePipeline(text, "/x/y.yaml");
          if (parsed.ok) return;
          const lines = text.split(/\r\n?|\n/);
          expect(parsed.problems.length).toBeGreaterThan(0);
          for (const { line, column } of parsed.problems) {
            expect(line).toBeGreaterThanOrEqual(1);
            expect(line).toBeLessThanOrEqual(lines.length);
            expect(column).toBeGreaterThanOrEqual(1);
            expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 2);
          }
        },
      ),
      { numRuns: cases(100, 800) },
    );
  });

  test("a place after an error inside of brackets is that of its line", () => {
    expect(problems("[${x}'\nname: ").at(-1)).toMatch(/^f:2:/);
  });

  test("a damaged pipeline never throws either", () => {
    fc.assert(
      fc.property(fc.nat(FULL.length), fc.nat(12), word, (at, length, put) => {
        parsePipeline(FULL.slice(0, at) + put + FULL.slice(at + length), "/x/y.yaml");
      }),
      { numRuns: cases(50, 400) },
    );
  });

  test("any text can be a word, a variable and a script, and comes back unchanged", () => {
    const plain = fc
      .string({ unit: "grapheme", minLength: 1 })
      .filter((text) => !/[\0-\x1f\x7f]/.test(text));
    fc.assert(
      fc.property(plain, (text) => {
        const escaped = JSON.stringify(text.replaceAll("$", "$$$$"));
        const script = JSON.stringify(`: ${text.replaceAll("${{", "")}`);
        const { stages } = read(
          `stages: [{name: A, run: [x, ${escaped}], env: {V: ${escaped}}, when: ${script}}]`,
        );
        const [{ run, env, when }] = stages as [(typeof stages)[number]];
        expect(run).toMatchObject({ words: [[{ text: "x" }], [{ text }]] });
        expect(env.get("V")).toEqual([{ text }]);
        expect(when).toMatchObject({ script: JSON.parse(script) });
      }),
    );
  });
});

describe("warnings", () => {
  const warnings = (text: string) => {
    const parsed = parsePipeline(text, "/x/nightly.yaml");
    if (!parsed.ok) throw new Error(problemLines("f", parsed.problems).join("\n"));
    return problemLines("f", parsed.warnings);
  };

  test("of names that a script reads and nothing sets, with their places", () => {
    const text = `params: { target: {} }
env: { WORK: /tmp }
stages:
  - name: A
    run: |
      echo "$target $WORK $HOME $http_proxy $EUID $LIVEOPS_OUTPUT $CI_TOKEN $WORKER"
      echo "$wrk" $size $LIVEOPS_OUTPT \${WROK}
    when: test $outer
  - { name: B, run: 'echo $size >>$LIVEOPS_OUTPUT', outputs: [size] }
  - { name: C, run: echo $size }
finally: echo $size $LIVEOPS_OUTCOME $sizes
`;
    expect(warnings(text)).toEqual([
      "f:7:13: warning: stages[0].run: nothing sets $wrk; did you mean WORK?",
      'f:7:19: warning: stages[0].run: nothing sets $size; it is an output of the stage "B", which has not run then',
      "f:7:25: warning: stages[0].run: nothing sets $LIVEOPS_OUTPT; did you mean LIVEOPS_OUTPUT or LIVEOPS_OP or LIVEOPS_ATTEMPT?",
      "f:7:40: warning: stages[0].run: nothing sets $WROK; did you mean WORK?",
      "f:8:16: warning: stages[0].when: nothing sets $outer; write ${outer:-} where it may be unset, or add outer to params or env",
      'f:9:27: warning: stages[1].run: nothing sets $size; it is an output of the stage "B", which has not run then',
      "f:11:38: warning: finally: nothing sets $sizes; did you mean size?",
    ]);
  });
});

test.skipIf(!existsSync("/dev/shm"))("a file in /dev/shm is a file, and no stream", () => {
  const dir = mkdtempSync("/dev/shm/liveops-test-");
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "a.yaml");
  writeFileSync(path, "stages: [{ name: A, run: x }]\n");
  expect(readPipelineFile(path)).toMatchObject({ ok: true, file: { path } });
});
