/** `p.exec` with `tty`: a program on a real pty. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_SIZE, Terminal, terminalEnvironment } from "../../../ops/programs/pty.js";
import { ExecError, type ExecOptions, type ExecResult } from "../../../ops/sdk/exec.js";
import { LiveOperation, type Progress } from "../../../ops/sdk/live-operation.js";
import { runOperation, startOperation } from "../../harness/testing/index.js";
import { isRunning, pidsOf } from "../pids.js";
import { temporary } from "../temporary.js";

function operation(body: (p: Progress) => Promise<unknown>) {
  return class Runs extends LiveOperation {
    static gracePeriod = 1;
    async run(p: Progress) {
      await body(p);
    }
  };
}

const sh = (p: Progress, script: string, options?: ExecOptions) =>
  p.exec("sh", ["-c", script], { tty: true, ...options });

async function settled(body: (p: Progress) => Promise<ExecResult>) {
  let result: ExecResult | null = null;
  let thrown: unknown = null;
  const run = await runOperation(
    operation(async (p) => {
      result = await body(p).catch((error) => {
        thrown = error;
        return null;
      });
    }),
  );
  return {
    run,
    output: run.texts("stdout"),
    result: result as ExecResult | null,
    thrown: thrown as ExecError,
  };
}

describe("inside", () => {
  it("all three streams are one terminal of 120 × 40, which the program's session controls", async () => {
    process.env.COLUMNS = "33";
    process.env.TMUX = "of somebody else";
    const script =
      'test -t 0 && test -t 1 && test -t 2 && test "$(tty)" && : </dev/tty; echo $?; stty size; echo $TERM [$COLUMNS] [$TMUX]; echo to stderr >&2';
    const { output, result } = await settled((p) => sh(p, script)).finally(() => {
      delete process.env.COLUMNS;
      delete process.env.TMUX;
    });
    expect(output).toEqual(["0", "40 120", "xterm-256color [] []", "to stderr"]);
    expect(result).toEqual({ exitCode: 0, signal: null, seconds: expect.any(Number) });
  });

  it("gets a directory and variables of its own", async () => {
    const dir = temporary();
    const { output } = await settled((p) =>
      sh(p, "pwd; echo $TTY_A [$HOME] $TERM", {
        cwd: dir,
        env: { TTY_A: "1", HOME: undefined, TERM: "vt100" },
      }),
    );
    expect(output).toEqual([dir, "1 [] vt100"]);
  });
});

describe("the log", () => {
  it("keeps colours, drops all other sequences, and shows the last frame of a line", async () => {
    const script = String.raw`printf '\033[31mred\033[0m\033[2K\033]0;title\007\033[?25l\n'; printf ' 10%%\r 50%%\r100%%\n'`;
    const { output } = await settled((p) => sh(p, script));
    expect(output).toEqual(["\x1b[31mred\x1b[0m", "100%"]);
  });

  it("has the output to the last byte, whatever the speed", async () => {
    for (let turn = 0; turn < 10; turn++) {
      const { output } = await settled((p) => sh(p, "seq 20000; printf end"));
      expect([output.length, output.at(-2), output.at(-1)]).toEqual([20001, "20000", "end"]);
    }
  });

  it("has the output of a program that ended while the operation was busy", async () => {
    const { output } = await settled((p) => {
      const running = sh(p, "seq 100; printf end");
      setTimeout(() => {
        for (const until = performance.now() + 500; performance.now() < until; );
      }, 5);
      return running;
    });
    expect([output.length, output.at(-1)]).toEqual([101, "end"]);
  });

  it.each([
    ["no other process has the terminal", ""],
    ["another process prints on", "; trap '' HUP; yes &"],
  ])("has all output that nobody read before the end, and %s", async (_, more) => {
    const terminal = await Terminal.start("sh", ["-c", `seq 900; printf end${more}`], {
      cwd: "/",
      env: terminalEnvironment(process.env),
      size: DEFAULT_SIZE,
    });
    let output = "";
    terminal.output.on("data", (bytes: Buffer) => {
      output += bytes;
    });
    terminal.hold(true);
    await terminal.ended;
    expect(output).toMatch(/^1\r\n2\r\n[\s\S]*\r\n899\r\n900\r\nend/);
  });

  it("waits for a program that closes its terminal and goes on", async () => {
    const { result } = await settled((p) =>
      sh(p, "echo first; exec <&- >&- 2>&-; sleep 0.5; exit 5", { check: false }),
    );
    expect(result).toMatchObject({ exitCode: 5 });
  });

  it("ends with the program, though a process that it left holds the terminal", async () => {
    const { output, result } = await settled((p) =>
      sh(p, "trap '' HUP; sleep 600 & echo $!; exit 4", { check: false }),
    );
    expect(result).toMatchObject({ exitCode: 4 });
    const [pid] = output.map(Number);
    expect(isRunning(pid as number)).toBe(true);
    process.kill(pid as number, "SIGKILL");
  });
});

describe("a program that fails", () => {
  it.each<[string, string, Partial<ExecResult>]>([
    ["its exit code", "echo why; exit 3", { exitCode: 3, signal: null }],
    ["its signal", "echo why; kill -KILL $$", { exitCode: null, signal: "SIGKILL" }],
  ])("has %s", async (_, script, expected) => {
    const { thrown } = await settled((p) => sh(p, script));
    expect(thrown).toBeInstanceOf(ExecError);
    expect(thrown).toMatchObject({ ...expected, lastLines: ["why"] });
  });

  it.each<[string, (p: Progress) => Promise<ExecResult>, string]>([
    ["a missing program", (p) => p.exec("no-such-program", [], { tty: true }), "on the PATH"],
    ["a missing path", (p) => p.exec("./no/such", [], { tty: true }), "there is no ./no/such"],
    ["a directory", (p) => p.exec("/tmp", [], { tty: true }), "/tmp is a directory"],
    [
      "a missing directory",
      (p) => p.exec("ls", [], { tty: true, cwd: "/no/dir" }),
      "/no/dir does not exist",
    ],
    ["a null character", (p) => p.exec("echo", ["\0"], { tty: true }), "null bytes"],
    [
      "two streams",
      (p) => p.exec("echo", [], { tty: true, separate: true }),
      "a terminal has one stream",
    ],
    [
      "a capture",
      (p) => p.exec("echo", [], { tty: true, capture: true }),
      "a terminal has one stream",
    ],
  ])("names %s", async (_, body, message) => {
    const { thrown } = await settled(body);
    expect(thrown.message).toContain(message);
    expect(thrown).not.toBeInstanceOf(ExecError);
  });

  it("names a program without permission", async () => {
    const file = join(temporary(), "program");
    writeFileSync(file, "#!/bin/sh\n", { mode: 0o600 });
    const { thrown } = await settled((p) => p.exec(file, [], { tty: true }));
    expect(thrown).toMatchObject({
      code: "EACCES",
      message: expect.stringContaining("is not executable"),
    });
  });
});

describe("stopping", () => {
  it("ends all process groups of the session, as those of a shell with jobs", async () => {
    const attempt = startOperation(
      operation((p) => sh(p, "set -m; sleep 1000 & echo $!; sleep 1000 & echo $!; wait")),
    );
    const pids = await pidsOf(attempt, 2);
    const run = await attempt.cancel();
    expect(run.state).toBe("cancelled");
    for (const pid of pids) expect(isRunning(pid)).toBe(false);
  });

  it("kills after the grace period", async () => {
    const attempt = startOperation(
      operation((p) => sh(p, "trap '' TERM; echo ready; while :; do sleep 0.05; done")),
    );
    await attempt.untilLog(({ text }) => text === "ready");
    const from = performance.now();
    expect((await attempt.cancel()).state).toBe("cancelled");
    expect(performance.now() - from).toBeGreaterThan(700);
  });
});
