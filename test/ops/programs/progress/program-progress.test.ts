/** What a program prints and reports, as readings, log lines and status. */
import { writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lines } from "../../../../ops/programs/output.js";
import { ProgramProgress } from "../../../../ops/programs/program-progress.js";
import type { BarValue } from "../../../../ops/programs/progress/program-bar.js";
import type { RecogniserEntry } from "../../../../ops/programs/progress/reading.js";
import { Masker } from "../../../../ops/secrets/masker.js";
import { withoutOtherSequences } from "../../../../protocol/text/sgr.js";
import { cases } from "../../../faults/mode.js";
import { cutUp } from "./chunks.js";

const RECOGNISERS: RecogniserEntry[] = [
  {
    source: "text",
    begins: null,
    create: () => ({
      name: "percent",
      read(text) {
        const percent = /(\d{1,3})%/.exec(text)?.[1];
        return percent === undefined ? null : { percent: Number(percent) };
      },
    }),
  },
  {
    source: "json",
    begins: null,
    create: () => ({
      name: "json",
      read(text) {
        const done = /^\{"done":(\d+),"total":(\d+)\}$/.exec(text);
        return (
          done && {
            done: Number(done[1]),
            total: Number(done[2]),
            isOnlyProgress: true,
            status: "reading",
          }
        );
      },
    }),
  },
];

/** All that the program said, in order; the values of the bar as `12/90`. */
function watched() {
  const said: string[] = [];
  let value: BarValue | null = null;
  const note = () =>
    said.push(`bar ${value!.label ?? ""}${value!.done}/${value!.total}${value!.unit ?? ""}`);
  const progress = new ProgramProgress(
    {
      bar: {
        begin: (first) => {
          value = first;
          note();
        },
        changed: note,
      },
      line: (stream, text) => said.push(`${stream} ${text}`),
      status: (text, level) => said.push(`status ${level} ${text}`),
      masker: Object.assign(new Masker(), {
        add: (text: string) => {
          said.push(`mask ${text}`);
          return text.length > 3;
        },
      }),
      output: (name, text) => said.push(`output ${name}=${text}`),
    },
    RECOGNISERS,
  );
  const lines = new Lines({
    lines: (all) => {
      progress.lines(all.map(withoutOtherSequences), (logged) => {
        for (const line of logged) said.push(`stdout ${line}`);
      });
    },
    frame: (text) => {
      const shown = progress.frame(withoutOtherSequences(text));
      if (shown !== null) said.push(`frame ${shown}`);
    },
    progress: (osc) => progress.osc(osc),
    unfinished: () => {},
  });
  return { progress, said, lines };
}

function saidOf(text: string): string[] {
  const { said, lines } = watched();
  lines.write(Buffer.from(text));
  lines.end();
  return said;
}

describe("output", () => {
  it.each<[string, string, string[]]>([
    [
      "a frame is the status and no line; the last one is a line",
      "10%\r\x1b[32m20%\x1b[0m\r30%\n",
      [
        "bar 10/100%",
        "frame 10%",
        "bar 20/100%",
        "frame \x1b[32m20%\x1b[0m",
        "bar 30/100%",
        "stdout 30%",
      ],
    ],
    [
      "what is progress and nothing else is no line",
      '{"done":1,"total":4}\nplain 7\n',
      ["bar 1/4", "status info reading", "stdout plain 7"],
    ],
    [
      "the first column is a carriage return",
      "a 1%\x1b[1G\x1b[Ka 2%\x1b[G\x1b[12Gb\n",
      ["bar 1/100%", "frame a 1%", "bar 2/100%", "frame a 2%", "stdout b"],
    ],
    [
      "JSON ranks before text",
      'at 90%\n{"done":1,"total":4}\nat 95%\n',
      ["bar 90/100%", "stdout at 90%", "bar 1/4", "status info reading", "stdout at 95%"],
    ],
    [
      "OSC 9;4 with BEL and ST is read and dropped",
      "a\x1b]9;4;1;40\x07b\x1b]9;4;2;60\x1b\\\n50%\n",
      ["bar 40/100%", "bar 60/100%", "stdout ab", "stdout 50%"],
    ],
    [
      "OSC 9;4: paused with a percent, indeterminate without effect, clear begins anew",
      "\x1b]9;4;4;40\x07\x1b]9;4;3\x07\x1b]9;4;3;9\x07\x1b]9;4;1\x07\x1b]9;4;0\x07\x1b]9;4;1;5\x07",
      ["bar 40/100%", "bar 5/100%"],
    ],
    [
      "another OSC is dropped, and no progress",
      "\x1b]0;9;4;1;50\x07t\x1b]9;5;1;50\x07\n",
      ["stdout t"],
    ],
  ])("%s", (_, text, expected) => {
    expect(saidOf(text)).toEqual(expected);
  });

  it.each<[string, string[]]>([
    ["::group::Build", ["stdout \x1b[1mBuild\x1b[0m"]],
    ["::endgroup::", []],
    ["::notice title=x::a%0Ab%25", ["stdout \x1b[36mnotice:\x1b[0m a\nb%"]],
    ["::warning file=a.c,line=3::unused", ["stdout \x1b[33mwarning:\x1b[0m unused (a.c:3)"]],
    ["::error::no", ["stdout \x1b[31merror:\x1b[0m no"]],
    ["::add-mask::secret", ["mask secret"]],
    ["::add-mask::ab", ["mask ab", "liveops a text of fewer than 4 characters is not masked"]],
    ["::unknown::x", ["stdout ::unknown::x"]],
    ["a ::error::x", ["stdout a ::error::x"]],
    ["## heading", ["stdout ## heading"]],
    [
      "::stop-commands::t0k\n::error::text\n::t0k::\n::error::x",
      ["stdout ::error::text", "stdout \x1b[31merror:\x1b[0m x"],
    ],
  ])("understands %s", (line, expected) => {
    expect(saidOf(`${line}\n`)).toEqual(expected);
  });
});

describe("reports", () => {
  it("become bar, status, step, log and outputs, before all other sources", () => {
    const { progress, said } = watched();
    for (const line of [
      "progress 12/90 files",
      "progress 13/90",
      "percent 40%",
      "status on it",
      "stage Upload",
      "log warning hot",
      "log info plain",
      "output size=a=b",
      "",
    ])
      progress.report(line);
    progress.frame("99%");
    expect(said).toEqual([
      "bar 12/90files",
      "bar 13/90files",
      "bar 13/90files",
      "status info on it",
      "bar Upload0/null",
      "log \x1b[1mUpload\x1b[0m",
      "log \x1b[33mwarning:\x1b[0m hot",
      "log plain",
      "output size=a=b",
      "bar Upload99/100%",
    ]);
    // The status of the script stays.
    expect(progress.frame("100%")).toBeNull();
  });

  it("follow the output before them, which may name their secrets", async () => {
    const { progress, said, lines } = watched();
    const chunk = Buffer.from("::add-mask::s3cr3t\n");
    const reports = progress.open().LIVEOPS_REPORT!;
    for (const output of [chunk, null]) {
      writeFileSync(reports, "status at s3cr3t\n", { flag: "a" });
      progress.poll(output);
      lines.write(chunk);
      await setImmediate();
    }
    progress.close();
    const once = ["mask s3cr3t", "status info at s3cr3t"];
    expect(said).toEqual([...once, ...once]);
  });

  it("that are not understood are noted a few times", () => {
    const { progress, said } = watched();
    for (let n = 0; n < 100; n++) progress.report("progres 3");
    expect(said).toHaveLength(5);
    expect(said[0]).toContain("Did you mean progress?");
  });
});

describe("any bytes in any chunks", () => {
  const piece = fc.constantFrom(
    ..."a5%\r\n\r\n\x1b;:".split(""),
    "é",
    "🎉",
    "\x1b[31m",
    "\x1b[1G",
    "\x1b[G",
    "\x1b[",
    "\x1b[K",
    "\x1b]9;4;1;50\x07",
    "\x1b]9;4;0\x1b\\",
    "\x1b]9;4;",
    "\x1b]0;t\x07",
    '{"done":1,"total":2}\n',
    "::error::",
    "::add-mask::abcd\n",
    "x".repeat(9000),
  );
  it("give the same readings and lines", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(9)), (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(""));
        const { said, lines } = watched();
        for (const chunk of cutUp(bytes, cuts)) lines.write(chunk);
        lines.end();
        expect(said).toEqual(saidOf(bytes.toString()));
      }),
      { numRuns: cases(1000) },
    );
  });

  it("of garbage throw nothing, and keep at most two lines", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        const { lines, progress } = watched();
        for (const chunk of chunks) lines.write(Buffer.from(chunk));
        lines.end();
        for (const chunk of chunks) progress.report(Buffer.from(chunk).toString("latin1"));
      }),
    );
    const { lines, said } = watched();
    let longest = 0;
    const endless = new Lines({
      lines: (all) => {
        for (const line of all) expect(line.length).toBeLessThanOrEqual(16 * 1024);
      },
      frame: () => {},
      progress: () => {},
      unfinished: (text) => {
        longest = Math.max(longest, text.length);
      },
    });
    for (let n = 0; n < 3000; n++) {
      endless.write(Buffer.from(`\x1b]9;4;1;${"1".repeat(100)}`));
      lines.write(Buffer.from("\x1b]9;4"));
    }
    expect(longest).toBeGreaterThan(1000);
    expect(longest).toBeLessThanOrEqual(16 * 1024);
    expect(said).toEqual([]);
  });
});
