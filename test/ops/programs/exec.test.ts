/** `p.exec`: a program that an operation runs. */
import { chmodSync, closeSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { exec } from "../../../ops/programs/exec.js";
import { Pipes } from "../../../ops/programs/pipes.js";
import { ExecError, type ExecOptions, type ExecResult } from "../../../ops/sdk/exec.js";
import { LiveOperation, type Progress } from "../../../ops/sdk/live-operation.js";
import { Masker } from "../../../ops/secrets/masker.js";
import { runOperation, startOperation } from "../../harness/testing/index.js";
import { isRunning, pidsOf } from "../pids.js";
import { temporary } from "../temporary.js";

type Body = (p: Progress) => Promise<void>;

/** An operation type with this `run`. */
function operation(body: Body) {
  return class Runs extends LiveOperation {
    static stages = ["One", "Two"];
    static gracePeriod = 1;
    async run(p: Progress) {
      await body(p);
    }
  };
}

const sh = (p: Progress, script: string, options?: ExecOptions) =>
  p.exec("sh", ["-c", script], options);

/** What `p.exec` returned or threw. */
async function settled(body: (p: Progress) => Promise<ExecResult>) {
  let result: ExecResult | null = null;
  let thrown: unknown = null;
  const run = await runOperation(
    operation(async (p) => {
      try {
        result = await body(p);
      } catch (error) {
        thrown = error;
      }
    }),
  );
  const lines = run.log.map(({ stream, stage, text }) => ({ stream, stage, text }));
  return { run, lines, result: result as ExecResult | null, thrown: thrown as ExecError };
}

describe("a program that succeeds", () => {
  it("returns how it ended, and logs its output in the stage of the call", async () => {
    const { result, lines } = await settled((p) =>
      p.stage("One", () => sh(p, "echo out; echo err >&2; printf tail")),
    );
    expect(result).toEqual({ exitCode: 0, signal: null, seconds: expect.any(Number) });
    const stage = "One";
    expect(lines).toEqual(
      ["out", "err", "tail"].map((text) => ({ stream: "stdout", stage, text })),
    );
  });

  it("counts the seconds of the attempt, which stand still while the operation is paused", async () => {
    const seconds = await exec(
      {
        signal: new AbortController().signal,
        stopped: () => new Error("stopped"),
        grace: 1,
        line: () => {},
        lines: () => {},
        status: () => {},
        masker: new Masker(),
        bar: {} as never,
        terminals: {} as never,
        now: vi.fn().mockReturnValueOnce(5000).mockReturnValueOnce(6250),
      },
      "sleep",
      ["0.1"],
      { progress: false },
    ).then((result) => result.seconds);
    expect(seconds).toBe(1.25);
  });

  it("runs outside of stages too", async () => {
    const { lines } = await settled((p) => sh(p, "echo out"));
    expect(lines).toEqual([{ stream: "stdout", stage: null, text: "out" }]);
  });

  it("may run beside others", async () => {
    const { run } = await settled(async (p) => {
      const fifo = join(temporary(), "fifo");
      await p.exec("mkfifo", [fifo]);
      const [first] = await Promise.all([
        p.exec("cat", [fifo]),
        sh(p, `echo from the second >${fifo}; echo done`),
      ]);
      return first;
    });
    expect(run.texts("stdout").sort()).toEqual(["done", "from the second"]);
  });

  it("returns the text of stdout with capture, and logs it too", async () => {
    const { result, run } = await settled((p) =>
      sh(p, "printf 'a\\nb é'; echo err >&2", { capture: true }),
    );
    expect(result?.stdout).toBe("a\nb é");
    expect([run.texts("stdout"), run.texts("stderr")]).toEqual([["a", "b é"], ["err"]]);
  });

  it("is stopped when it prints more than capture returns", async () => {
    const { thrown } = await settled((p) => p.exec("yes", [], { capture: true, grace: 0.1 }));
    expect(thrown).toBeInstanceOf(RangeError);
    expect(thrown.message).toBe(
      "yes printed more than 1 MiB, the limit of capture; let it write to a file",
    );
  });

  it("gets a directory and variables of its own", async () => {
    const dir = temporary();
    mkdirSync(join(dir, "below"));
    process.env.SHL_GONE = "here";
    const { run } = await settled((p) =>
      p.exec("sh", ["-c", "pwd; echo $SHL_A $HOME; env"], {
        cwd: join(dir, "below"),
        env: { SHL_A: "1", SHL_GONE: undefined },
      }),
    ).finally(() => delete process.env.SHL_GONE);
    const [cwd, added, ...env] = run.texts("stdout");
    expect([cwd, added]).toEqual([join(dir, "below"), `1 ${process.env.HOME}`]);
    expect(env.filter((line) => line.startsWith("SHL_"))).toEqual(["SHL_A=1"]);
  });

  it("has its last line as the status only on request", async () => {
    const quiet = await settled((p) => sh(p, "echo a; sleep 0.3"));
    expect(quiet.run.statuses).toEqual([]);
    const loud = startOperation(
      operation(async (p) => {
        await sh(p, "printf '\\033[31ma\\033[0m\\n'; exec sleep 600", { status: "last" });
      }),
    );
    const { status } = await loud.untilEvent("status:changed");
    expect(status).toEqual({ text: "a", level: "info" });
    await loud.cancel();
  });

  it("leaves no pipe behind", async () => {
    // Other tests make pipes at the same time.
    vi.stubEnv("TMPDIR", temporary());
    onTestFinished(() => void vi.unstubAllEnvs());
    const pipes = () => readdirSync(tmpdir()).filter((name) => name.startsWith("liveops-pipe-"));
    await settled((p) => sh(p, "true", { separate: true }));
    expect(pipes()).toEqual([]);
  });
});

describe("a program that fails", () => {
  it("throws an ExecError with its last lines", async () => {
    const { thrown } = await settled((p) =>
      sh(p, "seq 20; printf '\\033[31mno rule\\033[0m\\n' >&2; exit 3", { label: "the build" }),
    );
    expect(thrown).toBeInstanceOf(ExecError);
    const { name, command, args, exitCode, signal, lastLines, message } = thrown;
    expect({ name, command, exitCode, signal }).toEqual({
      name: "ExecError",
      command: "sh",
      exitCode: 3,
      signal: null,
    });
    expect(args[0]).toBe("-c");
    expect(lastLines).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20].map(String).concat("no rule"));
    expect(message).toBe(`the build exited with 3\n${lastLines.join("\n")}`);
  });

  it("has the lines before the end of make", async () => {
    const end = `for n in 9 8 7 6 5 4 3 2 1; do
      echo "make[$n]: *** [Makefile:1: all] Error 2"; echo "make[$n]: Leaving directory '/srv/$n'"; done`;
    const { thrown } = await settled((p) => sh(p, `echo no rule; ${end}; exit 2`));
    expect(thrown.lastLines).toEqual(["no rule", "make[9]: *** [Makefile:1: all] Error 2"]);
  });

  it("names the signal", async () => {
    const { thrown } = await settled((p) => sh(p, "kill -KILL $$"));
    expect(thrown).toMatchObject({
      exitCode: null,
      signal: "SIGKILL",
      message: "sh was killed by SIGKILL",
    });
  });

  it("returns the result with check: false", async () => {
    const { result } = await settled((p) => sh(p, "exit 3", { check: false }));
    expect(result).toMatchObject({ exitCode: 3, signal: null });
  });

  it("fails the operation with its exit code as the result, and the stack of the call", async () => {
    const run = await runOperation(
      operation(async (p) => {
        await p.stage("One", () => sh(p, "echo why; exit 3"));
      }),
    );
    expect(run).toMatchObject({ state: "failed", result: { exitCode: 3, signal: null } });
    expect(run.error?.message).toBe("sh exited with 3\nwhy");
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: "stage:left", state: "failed" }),
    );
  });

  it.each<[string, (p: Progress) => Promise<ExecResult>, string]>([
    [
      "a missing program",
      (p) => p.exec("no-such-program"),
      'there is no command "no-such-program" on the PATH',
    ],
    ["a line", (p) => p.exec("make -j4"), "give the command and each argument separately"],
    ["a missing path", (p) => p.exec("./no/such"), "there is no ./no/such"],
    ["a directory", (p) => p.exec("/tmp"), "/tmp is a directory: give the path of a program"],
    [
      "a missing directory",
      (p) => p.exec("ls", [], { cwd: "/no/dir" }),
      "directory /no/dir does not exist",
    ],
    [
      "a file as directory",
      (p) => p.exec("ls", [], { cwd: "/etc/passwd" }),
      "/etc/passwd is not a directory",
    ],
    [
      "a number",
      (p) => p.exec("sleep", [1 as never]),
      "the arguments of sleep must be a list of texts",
    ],
    ["no command", (p) => p.exec(""), "p.exec takes a command"],
    ["a null character", (p) => p.exec("echo", ["\0"]), "null bytes"],
  ])("names %s", async (_, body, message) => {
    const { thrown } = await settled(body);
    expect(thrown.message).toContain(message);
    expect(thrown).not.toBeInstanceOf(ExecError);
  });

  it("names a program without permission", async () => {
    const file = join(temporary(), "program");
    writeFileSync(file, "#!/bin/sh\n");
    chmodSync(file, 0o600);
    const { thrown } = await settled((p) => p.exec(file));
    expect(thrown.message).toContain("is not executable");
    expect(thrown).toMatchObject({ name: "Error", code: "EACCES" });
    expect(thrown.stack).not.toContain("NotStarted:");
  });
});

describe("stopping", () => {
  const group = "sleep 1000 & echo $!; sleep 1000 & echo $!; wait";

  it("a cancel ends the whole group and throws OperationCancelled", async () => {
    let thrown: unknown;
    const attempt = startOperation(
      operation(async (p) => {
        await p
          .stage("One", () => sh(p, group))
          .catch((error) => {
            thrown = error;
            throw error;
          });
      }),
    );
    const pids = await pidsOf(attempt, 2);
    expect(await attempt.cancel()).toMatchObject({ state: "cancelled", result: null });
    expect(thrown).toMatchObject({ name: "OperationCancelled" });
    for (const pid of pids) expect(isRunning(pid)).toBe(false);
  });

  it("ends within the grace period of the type", async () => {
    const attempt = startOperation(
      operation(async (p) => {
        await sh(p, "trap '' TERM; echo ready; while :; do sleep 0.05; done");
      }),
    );
    await attempt.untilLog(({ text }) => text === "ready");
    const from = performance.now();
    expect((await attempt.cancel()).state).toBe("cancelled");
    expect(performance.now() - from).toBeGreaterThan(700);
  });

  it("does not start a program after the stop", async () => {
    const attempt = startOperation(
      operation(async (p) => {
        await sh(p, "echo ready; exec sleep 1000").catch(() => {});
        await sh(p, "echo never");
      }),
    );
    await attempt.untilLog(({ text }) => text === "ready");
    const run = await attempt.cancel();
    expect([run.state, run.texts("stdout")]).toEqual(["cancelled", ["ready"]]);
  });

  it("a signal of its own stops one program", async () => {
    const own = new AbortController();
    const { thrown, run } = await settled(async (p) => {
      const running = sh(p, "sleep 1000", { signal: own.signal });
      own.abort(new Error("enough"));
      return running;
    });
    expect(thrown.message).toBe("enough");
    expect(run.state).toBe("succeeded");
  });

  it("a forgotten await fails the operation and stops the program", async () => {
    const attempt = startOperation(
      operation(async (p) => {
        void sh(p, group).catch(() => {});
        await p.untracked("Wait", () => pidsOf(attempt, 2));
      }),
    );
    const run = await attempt.finished;
    expect(run.error).toMatchObject({
      code: "LIVEOPS_STAGE_ACTIVE",
      message: 'run returned while sh was running, and it was stopped: await p.exec("sh", …)',
    });
    for (const pid of await pidsOf(attempt, 2))
      await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
  });
});

it("falls back to the next directory for its pipes, and names the last problem", async () => {
  const [pipe] = await new Pipes(["/no/such/directory", tmpdir()]).open(1);
  pipe!.output.destroy();
  closeSync(pipe!.input);
  await expect(new Pipes(["/no/such/directory"]).open(1)).rejects.toThrow("ENOENT");
});
