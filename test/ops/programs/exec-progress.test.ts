/** The progress of programs that `p.exec` and `shell` run. */
import { existsSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { LiveOperation, type Progress } from "../../../ops/sdk/live-operation.js";
import { Shell } from "../../../ops/shell.js";
import {
  FakeClock,
  type RunningOperation,
  runOperation,
  startOperation,
} from "../../harness/testing/index.js";
import { temporary } from "../temporary.js";

const sh = (p: Progress, script: string) => p.exec("sh", ["-c", script]);

const waitFor = (file: string) => `until [ -e ${file} ]; do sleep 0.02; done;`;

/**
 * Runs a body whose scripts wait in `dir` for a file of each percent that was sent, and of each
 * line that was logged.
 */
async function ran(dir: string, body: (p: Progress) => Promise<unknown>) {
  const started = startOperation(
    class Runs extends LiveOperation {
      static stages = ["One", "Two"];
      async run(p: Progress) {
        await body(p);
      }
    },
  );
  marks(started, dir);
  const run = await started.finished;
  expect(run.error).toBeNull();
  return run.progress.map(({ percent, progress }) => ({ percent, ...progress }));
}

function marks(run: RunningOperation, dir: string): void {
  const mark = (name: number | string) => {
    if (/^\w+$/.test(String(name))) writeFileSync(join(dir, String(name)), "");
    return false;
  };
  run.untilEvent("progress:changed", ({ percent }) => mark(percent)).catch(() => {});
  run.untilLog(({ text }) => mark(text)).catch(() => {});
}

/** Tells the percent, and waits until the bar has been sent. */
const percent = (value: number, dir: string) =>
  `echo "percent ${value}" >> "$LIVEOPS_REPORT"; ${waitFor(`${dir}/${value}`)}`;

describe("reports", () => {
  it("of a script and its children become the bar, the log and outputs in the result", async () => {
    const script = `
      echo "stage Load" >> "$LIVEOPS_REPORT"
      for i in 1 2 3 4 5 6 7 8 9; do (echo "progress $i/9 file" >> "$LIVEOPS_REPORT") & done
      wait
      env -i /bin/sh -c "echo 'log success all loaded' >> $LIVEOPS_REPORT"
      printf 'output size=12\\noutput name=a b\\nlog info no line end' >> "$LIVEOPS_REPORT"`;
    const run = await runOperation(Shell, { script });
    const outputs = { size: "12", name: "a b" };
    expect(run.result).toEqual({ exitCode: 0, signal: null, seconds: expect.any(Number), outputs });
    expect(run.progress.at(-1)).toMatchObject({
      stage: "Run",
      percent: 100,
      progress: { done: 9, total: 9, unit: "file", label: "Load" },
    });
    const log = run.texts("log");
    expect(log.slice(-3)).toEqual([
      "\x1b[1mLoad\x1b[0m",
      "\x1b[32msuccess:\x1b[0m all loaded",
      "no line end",
    ]);
  });

  it("of a hundred writers at once are all read, whole", async () => {
    const script = `
      for i in $(seq 100); do
        (for j in $(seq 20); do echo "log info $i/$j $i/$j $i/$j" >> "$LIVEOPS_REPORT"; done) &
      done; wait`;
    const run = await runOperation(Shell, { script });
    const lines = run.texts("log").filter((text) => /^(\d+\/\d+) \1 \1$/.test(text));
    expect([lines.length, new Set(lines).size]).toEqual([2000, 2000]);
  });

  it("fail no process that outlives the program, and leave no file", async () => {
    const dir = temporary();
    const script = `echo "$LIVEOPS_REPORT"
      (exec >/dev/null 2>&1; ${waitFor(`${dir}/go`)}
       set -e; echo "percent 3" >> "$LIVEOPS_REPORT"; rm "$LIVEOPS_REPORT"; touch ${dir}/done) &`;
    const run = await runOperation(Shell, { script });
    // Other tests run at the same time.
    const [file] = run.texts("stdout");
    expect(file).toContain("liveops-report-");
    expect(existsSync(file!)).toBe(false);
    writeFileSync(join(dir, "go"), "");
    await expect.poll(() => readdirSync(dir), { timeout: 5000 }).toContain("done");
  });

  it("are off with progress=no, and the output is logged as it is", async () => {
    const script = `echo "[$LIVEOPS_REPORT]"; echo "::error::x"; printf 'a\\033]9;4;1;50\\007b\\n'`;
    const run = await runOperation(Shell, { script, progress: false });
    expect(run.texts("stdout")).toEqual(["[]", "::error::x", "ab"]);
    expect(run.progress).toEqual([]);
  });
});

describe("output", () => {
  it("drives the bar by OSC 9;4, and a secret of add-mask is hidden everywhere", async () => {
    const dir = temporary();
    const script = String.raw`printf '\033]9;4;1;25\033\\'; echo '::add-mask::s3cr3t'; ${waitFor(`${dir}/25`)}
      printf '\033]9;4;1;75\007'; echo "it is s3cr3t"; echo "status at s3cr3t" >> "$LIVEOPS_REPORT"
      echo "output key=s3cr3t" >> "$LIVEOPS_REPORT"; echo "s3cr3t failed"; exit 3`;
    const started = startOperation(Shell, { script });
    marks(started, dir);
    const run = await started.finished;
    expect(run.state).toBe("failed");
    expect(run.progress.map(({ percent }) => percent)).toEqual([25, 75]);
    expect(run.texts("stdout")).toEqual(["it is ***", "*** failed"]);
    expect(run.error?.message).toContain("*** failed");
    expect(run.statuses).toContainEqual({ text: "at ***", level: "info" });
    // The command line itself has the secret.
    const events = run.events.filter(({ type }) => type !== "operation:submitted");
    const seen = JSON.stringify([
      run.log.filter(({ stream }) => stream !== "log"),
      events,
      run.error,
    ]);
    expect(seen).not.toContain("s3cr3t");
  });

  it("a frame is the status, also without the option status", async () => {
    const dir = temporary();
    const script = `printf 'copying a\\rcopying b\\r'; ${waitFor(`${dir}/go`)} printf 'done\\n'`;
    const started = startOperation(Shell, { script });
    await started.untilEvent("status:changed");
    writeFileSync(join(dir, "go"), "");
    const run = await started.finished;
    expect(run.statuses[0]).toEqual({ text: "copying b", level: "info" });
    expect(run.texts("stdout")).toEqual(["done"]);
  });
});

describe("the bar", () => {
  it("is kept by code that calls percent or track in the same block, and free in the next", async () => {
    const dir = temporary();
    const bars = await ran(dir, async (p) => {
      await p.stage("One", async () => {
        p.percent(30);
        await sh(p, 'echo "percent 80" >> "$LIVEOPS_REPORT"');
        p.percent(40);
      });
      await p.stage("Two", () => sh(p, percent(80, dir)));
    });
    expect(bars.map((bar) => bar.percent)).toEqual([30, 40, 80]);
    expect(bars.at(-1)).toMatchObject({ done: 80, total: 100, unit: "%" });
  });

  it("belongs to the first program that speaks until it ends, then to the next that speaks", async () => {
    const dir = temporary();
    const wait = (name: string) => waitFor(`${dir}/${name}`);
    const other = `printf 'percent 70\\nlog info other\\n' >> "$LIVEOPS_REPORT"`;
    const bars = await ran(dir, (p) =>
      p.stage("One", () =>
        Promise.all([
          sh(p, `${percent(10, dir)} ${wait("other")} ${percent(20, dir)}`).then(() =>
            writeFileSync(join(dir, "over"), ""),
          ),
          sh(p, `${wait("10")} ${other}; ${wait("over")} ${percent(90, dir)}`),
        ]),
      ),
    );
    expect(bars.map((bar) => bar.percent)).toEqual([10, 20, 90]);
  });

  it("of an inner block comes first, and that of the program comes back", async () => {
    const dir = temporary();
    const script = `${percent(10, dir)} ${waitFor(`${dir}/over`)} ${percent(60, dir)}`;
    const bars = await ran(dir, (p) =>
      p.stage("One", async () => {
        const running = sh(p, script);
        await vi.waitFor(() => expect(existsSync(join(dir, "10"))).toBe(true), { timeout: 60_000 });
        await p.untracked("Inside", () => p.percent(99));
        writeFileSync(join(dir, "over"), "");
        await running;
      }),
    );
    const all = bars.map((bar) => bar.percent);
    expect(all[0]).toBe(10);
    expect(all).toContain(99);
    expect(all.at(-1)).toBe(60);
  });

  it("has a rate and the time left", async () => {
    const dir = temporary();
    const report = `printf "progress $i/10 row\\nlog info $i\\n" >> "$LIVEOPS_REPORT"`;
    const script = `for i in 1 2 3 4 5; do ${report}; ${waitFor(`${dir}/$i`)} done`;
    const clock = new FakeClock();
    const run = startOperation(Shell, { script }, { clock });
    for (const name of ["1", "2", "3", "4", "5"]) {
      await run.untilLog(name);
      await clock.advance(200);
      writeFileSync(join(dir, name), "");
    }
    const { progress } = await run.finished;
    expect(progress.at(-1)!.progress).toMatchObject({ done: 5, rate: 5, etaSeconds: 1 });
  });
});

describe("a silent program", () => {
  /** A file of this size without blocks, since only its length counts. */
  function large(bytes: number): string {
    const file = join(temporary(), "dump.bin");
    writeFileSync(file, "");
    truncateSync(file, bytes);
    return file;
  }

  it("that reads a file in order has an approximate bar of that file", async () => {
    const file = large(400 * 1024 * 1024);
    // `cat` is held up by its reader, for a minute at most.
    const attempt = startOperation(Shell, {
      script: `cat ${file} | while [ "$(dd bs=1M count=2 iflag=fullblock 2>/dev/null | wc -c)" -gt 0 ]; do sleep 0.2; done`,
    });
    const isMoving = (least: number) =>
      attempt.untilEvent(
        "progress:changed",
        ({ progress }) => progress?.approximate === true && progress.done > least,
      );
    const first = await isMoving(0);
    const second = await isMoving(first.progress!.done);
    expect(second.progress).toMatchObject({
      label: "dump.bin",
      unit: "B",
      total: 400 * 1024 * 1024,
    });
    expect(second.percent).toBeGreaterThan(first.percent);
    expect((await attempt.cancel()).state).toBe("cancelled");
  });

  it("that speaks, writes its file, or reads here and there has none", async () => {
    const file = large(100 * 1024 * 1024);
    const back = `exec 3<${file}; for i in 1 2 3 4 5 6; do dd bs=1M count=1 <&3 >/dev/null 2>&1; sleep 0.6; done`;
    const both = `exec 4<>${file}; ${back}`;
    const [spoke, wrote] = await Promise.all([
      runOperation(Shell, { script: `echo "percent 1" >> "$LIVEOPS_REPORT"; ${back}` }),
      runOperation(Shell, { script: both }),
    ]);
    expect(spoke.progress.map(({ percent }) => percent)).toEqual([1]);
    expect(wrote.progress).toEqual([]);
  });
});
