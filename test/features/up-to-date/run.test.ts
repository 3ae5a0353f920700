// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
/**
 * `needs` and `makes`: a stage or step runs exactly where something changed since its last run, and
 * says why.
 */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cases } from "../../faults/mode.js";
import { Builds } from "../../ops/pipeline/builds.js";
import { temporary } from "../../ops/temporary.js";

afterEach(() => {
  vi.useRealTimers();
});

/** The clock of files is then older than all changes, so that their times are trusted. */
function later(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
}

function world() {
  const root = temporary();
  const dir = join(root, "work");
  mkdirSync(join(dir, "src"), { recursive: true });
  writeFileSync(join(dir, "src", "a.ts"), "a");
  writeFileSync(join(dir, "src", "b.ts"), "b");
  const builds = new Builds(dir);
  const write = (path: string, text: string) => {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const stamps = () => readdirSync(builds.stamps).map((name) => join(builds.stamps, name));
  return { builds, dir, write, stamps, at: (path: string) => join(dir, path) };
}

type W = ReturnType<typeof world>;

const SITE = `params: { level: { default: one } }
stages:
  - name: Site
    needs: [src/**, { output: "cat version 2>/dev/null || true" }]
    makes: [out/site.txt]
    run: echo ran >>ran; mkdir -p out; cat src/* >out/site.txt
`;

const UP_TO_DATE = "up-to-date: up to date: 2 files, 1 output, made TIME";

describe("a stage", () => {
  test("runs once, then is up to date", async () => {
    const { builds, at } = world();
    expect((await builds.run(SITE)).said).toEqual({ Site: "done: runs: no earlier run is known" });
    const again = await builds.run(SITE);
    expect(again.said).toEqual({ Site: UP_TO_DATE });
    expect(again.record).toMatchObject({ state: "succeeded", resultText: "up to date: 1 stage" });
    expect(readFileSync(at("ran"), "utf8")).toBe("ran\n");
  });

  const reasons: Array<[why: string, change: (it: W) => void, text?: string, set?: string[]]> = [
    ["src/a.ts changed", ({ write }) => write("src/a.ts", "A")],
    ["src/c.ts is new", ({ write }) => write("src/c.ts", "c")],
    ["src/.hidden is new", ({ write }) => write("src/.hidden", "")],
    ["src/a.ts changed", ({ at }) => chmodSync(at("src/a.ts"), 0o755)],
    ["out/site.txt is not as it was made", ({ at }) => chmodSync(at("out/site.txt"), 0o755)],
    ["src/b.ts is gone", ({ at }) => rmSync(at("src/b.ts"))],
    [
      "src/a.ts changed (and 1 more)",
      ({ write }) => {
        write("src/a.ts", "A");
        write("src/b.ts", "B");
      },
    ],
    ["out/site.txt is missing", ({ at }) => rmSync(at("out/site.txt"))],
    ["out/site.txt is not as it was made", ({ write }) => write("out/site.txt", "other")],
    ["the output of cat version 2>/dev/null || true changed", ({ write }) => write("version", "2")],
    ["the command changed", () => {}, SITE.replace("echo ran", "echo  ran")],
    ["$level changed", () => {}, SITE, ["level=two"]],
    ["$MODE changed", () => {}, SITE.replace("    run:", "    env: { MODE: x }\n    run:")],
    ["its outputs changed", () => {}, SITE.replace("    run:", "    outputs: [x]\n    run:")],
  ];
  test.each(reasons)("runs again: %s", async (why, change, text = SITE, set = []) => {
    const it = world();
    await it.builds.run(SITE);
    change(it);
    const ran = await it.builds.run(text, { set });
    expect(ran.said.Site).toMatch(/^(done|failed)/);
    expect(ran.record.stageTimes.Site!.reason).toBe(`runs: ${why}`);
    expect(ran.events.map(({ type }) => type)).toContain("stage:explained");
  });

  test.each(["a b.ts", "a\nb.ts", "a\r.ts", "x\u2028y/c.ts", "-n.ts", "*[0].ts", "tr\\ail.ts"])(
    "needs a file of any name: %j",
    async (name) => {
      const { builds, write } = world();
      write(`src/${name}`, "1");
      const text = SITE.replace("[src/**,", '[src/**, "!src/b.ts",').replace(
        "cat src/*",
        "cat src/a*",
      );
      expect((await builds.run(text)).said.Site).toBe("done: runs: no earlier run is known");
      write(`src/${name}`, "2");
      const { record } = await builds.run(text);
      expect(record.stageTimes.Site!.reason).toBe(`runs: src/${name} changed`);
    },
  );

  const nothing: Array<[name: string, change: (it: W) => void]> = [
    ["the times of a file", ({ at }) => utimesSync(at("src/a.ts"), new Date(), new Date(1e12))],
    ["a file is written as it was", ({ write }) => write("src/a.ts", "a")],
    [
      "a file is replaced by an equal one",
      ({ at, write }) => {
        write("x", "a");
        renameSync(at("x"), at("src/a.ts"));
      },
    ],
    ["the mode of a file", ({ at }) => chmodSync(at("src/a.ts"), 0o600)],
    ["a file outside of needs", ({ write }) => write("other", "x")],
    [
      "what is left out",
      ({ write }) => {
        write("src/node_modules/x.js", "");
        write("src/.git/config", "");
      },
    ],
    ["an empty directory", ({ at }) => mkdirSync(at("src/empty"))],
    ["a link to nothing", ({ at }) => symlinkSync("nowhere", at("src/link"))],
  ];
  test.each(nothing)("does not run again for: %s", async (_name, change) => {
    const it = world();
    await it.builds.run(SITE);
    for (const isSettled of [false, true]) {
      if (isSettled) later();
      else change(it);
      expect((await it.builds.run(SITE)).said.Site).toBe(UP_TO_DATE);
    }
  });

  test("runs with --force, and is up to date after that", async () => {
    const { builds } = world();
    await builds.run(SITE);
    expect((await builds.run(SITE, { force: true })).said).toEqual({ Site: "done: runs: --force" });
    expect((await builds.run(SITE)).said).toEqual({ Site: UP_TO_DATE });
  });

  test("says that the last run failed, also where it was the first one", async () => {
    const { builds } = world();
    const text = "stages:\n  - { name: A, needs: [src/a.ts], run: exit 3 }\n";
    const reasons = async () => (await builds.run(text)).record.stageTimes.A!.reason;
    expect([await reasons(), await reasons()]).toEqual([
      "runs: no earlier run is known",
      "runs: the last run has not succeeded",
    ]);
  });

  test("does not log what a command of needs prints, but what it writes to stderr", async () => {
    const { builds } = world();
    const { lines } = await builds.run(
      `stages:\n  - { name: A, needs: [{ output: "seq 3; echo 50%; echo odd >&2" }], run: echo ran }\n`,
    );
    expect(lines.map(({ text }) => text)).toEqual(["odd", "runs: no earlier run is known", "ran"]);
  });

  test("tells its outputs where it is up to date, and how long it would have taken", async () => {
    const { builds, dir } = world();
    const text = `stages:
  - { name: Version, needs: [src/a.ts], outputs: [version], run: sleep 0.6; echo "version=$(cat src/a.ts)" >>$LIVEOPS_OUTPUT }
  - { name: Use, run: 'echo "$version" >used' }
`;
    await builds.run(text);
    rmSync(join(dir, "used"));
    const { record } = await builds.run(text);
    expect(readFileSync(join(dir, "used"), "utf8")).toBe("a\n");
    expect(record.stageStates).toEqual({ Version: "up-to-date", Use: "done" });
    expect(record.stageTimes.Version!.saved).toBeGreaterThanOrEqual(0.6);
    expect(record.resultText).toBe("version=a");
  });

  test("that failed runs again, although everything is as it was before", async () => {
    const { builds, write } = world();
    const text = `stages:
  - { name: Check, needs: [src/**], run: '! grep -q bad src/a.ts' }
`;
    await builds.run(text);
    write("src/a.ts", "bad");
    expect((await builds.run(text)).record.state).toBe("failed");
    write("src/a.ts", "a");
    expect((await builds.run(text)).said).toEqual({
      Check: "done: runs: the last run has not succeeded",
    });
    expect((await builds.run(text)).said).toEqual({
      Check: "up-to-date: up to date: 2 files, ran TIME",
    });
  });

  test("does not need what it makes itself", async () => {
    const { builds } = world();
    const text = `stages:
  - { name: Gen, needs: [src/**], makes: [src/gen.ts], run: date +%N >src/gen.ts }
`;
    await builds.run(text);
    expect((await builds.run(text)).said).toEqual({
      Gen: "up-to-date: up to date: 2 files, made TIME",
    });
  });

  test("keeps no value of a secret, and counts where it comes from", async () => {
    const { builds, stamps } = world();
    const text = `params: { token: { secret: true, required: true } }
stages:
  - { name: Push, needs: [src/**], env: { AUTH: "x $token" }, run: 'test "$token" != ""' }
`;
    process.env.LIVEOPS_TEST_ONE = "swordfish-1";
    await builds.run(text, { set: ["token=env:LIVEOPS_TEST_ONE"] });
    expect(
      (await builds.run(text, { set: ["token=env:LIVEOPS_TEST_ONE"] })).record.stageStates.Push,
    ).toBe("up-to-date");
    process.env.LIVEOPS_TEST_TWO = "swordfish-2";
    const other = await builds.run(text, { set: ["token=env:LIVEOPS_TEST_TWO"] });
    expect(other.said.Push).toBe("done: runs: $token changed");
    expect(
      stamps()
        .map((file) => readFileSync(file, "utf8"))
        .join(""),
    ).not.toContain("swordfish");
    delete process.env.LIVEOPS_TEST_ONE;
    delete process.env.LIVEOPS_TEST_TWO;
  });

  test("is cancelled while it looks at a large file", async () => {
    const { builds, write } = world();
    const stop = new AbortController();
    write("src/large", "");
    truncateSync(join(builds.dir, "src/large"), 3e9);
    const running = builds.run(SITE, { signal: stop.signal });
    setImmediate(() => stop.abort());
    const { record } = await running;
    expect(record.state).toBe("cancelled");
    expect(existsSync(join(builds.dir, "ran"))).toBe(false);
  });
});

describe("what is wrong", () => {
  const of = (keys: string) => `stages:\n  - name: Site\n    ${keys}\n    run: "true"\n`;
  const cases: Array<[name: string, text: string, message: string]> = [
    [
      "a pattern without a file",
      of("needs: [lib/**]"),
      'needs of "Site": no file matches lib/** (at DIR/build.yaml:3:13)',
    ],
    [
      "a file that is not there",
      of("needs: [src/a.ts, src/x.ts]"),
      'needs of "Site": no file matches src/x.ts (at DIR/build.yaml:3:23)',
    ],
    [
      "a stage in the place of a file",
      of("needs: [site]"),
      'needs of "Site": no file matches site, and "Site" is a stage; needs takes files, and stages run in the order of the file (at DIR/build.yaml:3:13)',
    ],
    [
      "all is left out",
      of('needs: [src/*, "!src"]'),
      'needs of "Site": no file matches src/* (at DIR/build.yaml:3:13)',
    ],
    [
      "nothing was made",
      of("makes: [src/a.ts, gone.txt]"),
      '"Site" did not make gone.txt (at DIR/build.yaml:3:23)',
    ],
    [
      "a command that fails",
      of("needs: [{ output: exit 3 }]"),
      'needs of "Site" exited with 3 at DIR/build.yaml:3: exit 3',
    ],
    [
      "a command that prints too much",
      of("needs: [{ output: seq 200000 }]"),
      'needs of "Site": its output has more than 1 MiB; shorten it, such as with "| cksum" (at DIR/build.yaml:3)',
    ],
  ];
  test.each(cases)("%s", async (_name, text, message) => {
    const { builds, dir } = world();
    const { record } = await builds.run(text);
    expect(record.state).toBe("failed");
    expect(record.error!.message.replaceAll(dir, "DIR")).toContain(message);
    expect((await builds.run(text)).record.state).toBe("failed");
  });

  test.each([false, true])("a name that is not UTF-8; a directory: %s", async (isDirectory) => {
    const { builds, at } = world();
    const name = Buffer.concat([Buffer.from(`${at("src")}/x`), Buffer.from([0xff])]);
    if (isDirectory) mkdirSync(name);
    else writeFileSync(name, "");
    const { record } = await builds.run(of("needs: [src/**]"));
    expect(record.error!.message).toMatch(
      /src\/x\ufffd.*: its name is not UTF-8; .*build\.yaml:3:13\)$/,
    );
  });

  test("of one of several steps, in the words of the step", async () => {
    const { builds } = world();
    const { record } = await builds.run(`stages:
  - name: Many
    on_failure: finish
    parallel:
      - { name: a, needs: [gone], run: "true" }
      - { name: b, run: exit 3 }
`);
    expect(record.error!.causes!.map(({ message }) => message).sort()).toEqual([
      expect.stringMatching(/^"Many\/b" exited with 3/),
      expect.stringMatching(/^needs of "Many\/a": no file matches gone/),
    ]);
  });

  test("a file that was made, and cannot be read", async () => {
    const { builds } = world();
    const text = of("makes: [loop]").replace('"true"', "ln -s loop loop");
    expect((await builds.run(text)).record.error!.message).toMatch(
      /^makes of "Site": cannot read it: ELOOP: .*build\.yaml:3:13\)$/,
    );
  });

  test("a link that leads to itself, also in the place of a directory of the last run", async () => {
    const { builds, at } = world();
    const text = of("needs: [src]");
    utimesSync(at("src"), 1e9, 1e9);
    later();
    await builds.run(text);
    renameSync(at("src"), at("moved"));
    symlinkSync("src", at("src"));
    expect((await builds.run(text)).record.error!.message).toMatch(
      /^needs of "Site": cannot read it: ELOOP: .*build\.yaml:3:13\)$/,
    );
  });

  test.skipIf(process.getuid!() === 0)("a directory that cannot be read", async () => {
    const { builds, dir } = world();
    mkdirSync(join(dir, "src/closed"), { mode: 0 });
    const { record } = await builds.run(of("needs: [src/**]"));
    expect(record.error!.message).toContain("cannot read a directory: EACCES");
    chmodSync(join(dir, "src/closed"), 0o700);
  });
});

describe("a stamp", () => {
  const damages: Array<[name: string, damage: (it: W) => void, why: string]> = [
    ["lost", ({ stamps }) => rmSync(stamps()[0]!), "no earlier run is known"],
    ["torn", ({ stamps }) => truncateSync(stamps()[0]!, 100), "no earlier run is known"],
    ["empty", ({ stamps }) => truncateSync(stamps()[0]!), "no earlier run is known"],
    ["changed", ({ stamps }) => appendFileSync(stamps()[0]!, "{}"), "no earlier run is known"],
    [
      "that is a link",
      ({ stamps, at }) => {
        const [stamp] = stamps();
        renameSync(stamp!, at("moved"));
        symlinkSync(at("moved"), stamp!);
      },
      "no earlier run is known",
    ],
  ];
  test.each(damages)("%s: the stage runs again", async (_name, damage, why) => {
    const it = world();
    await it.builds.run(SITE);
    damage(it);
    expect((await it.builds.run(SITE)).said).toEqual({ Site: `done: runs: ${why}` });
    expect((await it.builds.run(SITE)).said).toEqual({ Site: UP_TO_DATE });
  });

  test("of another stage does not count", async () => {
    const { builds, stamps } = world();
    await builds.run(SITE);
    const [foreign] = stamps();
    await builds.run(SITE.replace("name: Site", "name: Other"));
    const own = stamps().find((file) => file !== foreign)!;
    copyFileSync(foreign!, own);
    expect((await builds.run(SITE.replace("name: Site", "name: Other"))).said.Other).toMatch(
      /^done/,
    );
  });

  test("that cannot be written costs only the next run", async () => {
    const { builds } = world();
    writeFileSync(builds.stamps, "a file");
    for (const _ of [1, 2]) {
      const { record, lines } = await builds.run(SITE);
      expect(record.state).toBe("succeeded");
      expect(lines.some(({ text }) => text.startsWith("the stamp cannot be written"))).toBe(true);
    }
  });
});

describe("steps", () => {
  const STEPS = `stages:
  - name: Check
    at_once: 2
    parallel:
      - { name: use, needs: ["out/*.gen"], run: cat out/*.gen >>ran }
      - { name: gen, needs: [out/x.txt], makes: [out/y.gen], run: sleep 0.2; cp out/x.txt out/y.gen }
      - { name: make, needs: [src/a.ts], makes: [out], run: mkdir -p out; cat src/a.ts >out/x.txt }
`;

  test("start after those that make what they need", async () => {
    const { builds, at } = world();
    const { events, said } = await builds.run(STEPS);
    const order = events.flatMap((event) => (event.type === "step:entered" ? [event.step] : []));
    expect(order).toEqual(["make", "gen", "use"]);
    expect(said["Check/use"]).toBe("done: runs: no earlier run is known");
    expect(readFileSync(at("ran"), "utf8")).toBe("a");
  });

  test("that are all up to date make their stage so, and tell the time that they saved side by side", async () => {
    const { builds } = world();
    const text = `stages:
  - name: Check
    at_once: 2
    parallel:
      - { name: lint, needs: [src/**], run: sleep 0.6 }
      - { name: unit, needs: [src/**], run: sleep 0.7 }
`;
    await builds.run(text);
    const { record, said } = await builds.run(text);
    expect(said).toEqual({
      Check: "up-to-date: up to date: 2 steps",
      "Check/lint": "up-to-date: up to date: 2 files, ran TIME",
      "Check/unit": "up-to-date: up to date: 2 files, ran TIME",
    });
    expect(record.stepCounts).toEqual({ Check: { total: 2, "up-to-date": 2 } });
    const saved = record.stageTimes.Check!.saved!;
    expect(saved).toBeGreaterThan(0.5);
    expect(saved).toBeLessThan(1.2);
  });

  test("run where a step made anew what they need, and say who did", async () => {
    const { builds, write } = world();
    await builds.run(STEPS);
    write("src/a.ts", "A");
    expect((await builds.run(STEPS)).said).toMatchObject({
      "Check/make": "done: runs: src/a.ts changed",
      "Check/gen": "done: runs: out/x.txt was made anew by Check/make",
      "Check/use": "done: runs: out/y.gen was made anew by Check/gen",
    });
  });

  test("do not run where what they need was made again as it was", async () => {
    const { builds, at } = world();
    await builds.run(STEPS);
    rmSync(at("out/y.gen"));
    const { said } = await builds.run(STEPS);
    expect(said["Check/gen"]).toBe("done: runs: out/y.gen is missing");
    expect(said["Check/use"]).toMatch(/^up-to-date/);
  });

  test("do not begin where the step failed that makes what they need", async () => {
    const { builds } = world();
    const text = `stages:
  - name: Check
    on_failure: finish
    parallel:
      - { name: last, needs: [out/b], run: "true" }
      - { name: next, needs: [out/a], makes: [out/b], run: "true" }
      - { name: first, makes: [out/a], run: exit 3 }
      - { name: other, run: "true" }
`;
    expect((await builds.run(text)).said).toMatchObject({
      "Check/next": 'ended: needs what "first" makes, which failed',
      "Check/last": 'ended: needs what "next" makes, which failed',
      "Check/other": "done",
    });
  });

  test("of each have a stamp each", async () => {
    const { builds, write } = world();
    const text = `stages:
  - name: Copy
    each: { file: [a.ts, b.ts] }
    needs: [src/$file]
    makes: [out/$file]
    run: mkdir -p out; cp "src/$file" "out/$file"
`;
    await builds.run(text);
    write("src/b.ts", "B");
    expect((await builds.run(text)).said).toMatchObject({
      Copy: "done",
      "Copy/a.ts": "up-to-date: up to date: 1 file, made TIME",
      "Copy/b.ts": "done: runs: src/b.ts changed",
    });
  });

  test("whose values tell that each needs what the other makes are an error", async () => {
    const { builds } = world();
    const text = `stages:
  - name: Copy
    each: { file: [a, b] }
    needs: [out/**]
    makes: [out/$file]
    run: "true"
`;
    const { record } = await builds.run(text);
    expect(record.error!.message).toBe(
      'no step of "Copy" can start first, because "a" needs what "b" makes, and "b" needs what "a" makes',
    );
  });
});

describe("law", () => {
  /** The texts of files that a pipeline needs, that of the one it makes, and its script. */
  interface Model {
    files: Map<string, string>;
    made: string | null;
    script: string;
  }

  const path = fc.constantFrom("src/a.ts", "src/b.ts", "src/deep/c.ts", "src/node_modules/d.ts");
  const change = fc.oneof(
    fc.record({ write: path, text: fc.constantFrom("", "1", "2", "22") }),
    fc.record({ remove: path }),
    fc.record({ touch: path }),
    fc.record({ spoil: fc.constantFrom("x", "a", null) }),
    fc.record({ script: fc.constantFrom("1", "2") }),
    fc.record({ settle: fc.boolean() }),
    fc.constant({ run: true }),
  );

  test("a stage is up to date exactly if nothing changed since it ran last", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 3, maxLength: 14 }), async (changes) => {
        const { builds, write, at } = world();
        const model: Model = {
          files: new Map([
            ["src/a.ts", "a"],
            ["src/b.ts", "b"],
          ]),
          made: null,
          script: "1",
        };
        const keyOf = ({ files, made, script }: Model) =>
          JSON.stringify([
            [...files].filter(([name]) => !name.includes("node_modules")).sort(),
            made,
            script,
          ]);
        let last = "";
        for (const each of [...changes, { run: true }, { run: true }]) {
          if ("write" in each) {
            write(each.write, each.text);
            model.files.set(each.write, each.text);
          } else if ("remove" in each && model.files.size > 1 && each.remove !== "src/a.ts") {
            rmSync(at(each.remove), { force: true });
            model.files.delete(each.remove);
          } else if ("touch" in each && model.files.has(each.touch)) {
            utimesSync(at(each.touch), new Date(), new Date());
          } else if ("spoil" in each && existsSync(at("out"))) {
            if (each.spoil === null) rmSync(at("out"));
            else writeFileSync(at("out"), each.spoil);
            model.made = each.spoil;
          } else if ("script" in each) model.script = each.script;
          else if ("settle" in each) {
            if (each.settle) later();
            else vi.useRealTimers();
          } else if ("run" in each) {
            const text = `stages: [{ name: A, needs: [src/**], makes: [out], run: "echo ${model.script} >out" }]`;
            const { record } = await builds.run(text);
            const isUpToDate = record.stageStates.A === "up-to-date";
            expect(isUpToDate, record.stageTimes.A?.reason).toBe(keyOf(model) === last);
            model.made = `${model.script}\n`;
            last = keyOf(model);
          }
        }
        vi.useRealTimers();
      }),
      { numRuns: cases(25) },
    );
  });
});
