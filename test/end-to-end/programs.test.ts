import { describe, expect, test } from "vitest";
import { onTerminal } from "./terminal.js";
import { useWorld } from "./world.js";

const world = useWorld({ examples: true });

describe("output of shell", () => {
  const COLOURS = String.raw`printf '\033[31mred\nplain\033[2J\n'`;

  test("has its colours on a terminal, and in the store", async () => {
    const id = await world.submit("shell", `script=${COLOURS}`);
    await world.finished(id);
    expect((await world.lines(id)).slice(1)).toEqual(["\x1b[31mred", "plain"]);
    const { stdout } = await world.liveops(["logs", id, "--json"]);
    expect(stdout).toContain(String.raw`"text":"\u001b[31mred"`);
    for (const words of [
      ["logs", id],
      ["watch", id],
      ["submit", "shell", "--follow", `script=${COLOURS}`],
      ["run", "shell", `script=${COLOURS}`],
    ]) {
      expect((await world.liveops(words)).stdout, "a pipe").toContain("\nred\nplain\n");
      await using terminal = onTerminal(world, "liveops", words, { size: [120, 30] });
      await terminal.exited;
      expect(terminal.screen.written.replaceAll("\r", "")).toContain("\x1b[31mred\x1b[0m\nplain\n");
    }
  });
});

describe("the exit code of a command", () => {
  test("is that of liveops with --exit-status, and of several operations that of the one that failed", async () => {
    const codeOf = async (words: string[], input = "") =>
      (await world.liveops([...words, "--exit-status"], { input })).code;
    expect(await codeOf(["submit", "shell", "script=kill -TERM $$"])).toBe(143);
    expect(await codeOf(["submit", "shell", "script=exit 0"])).toBe(0);
    const each = ["submit", "shell", "--each", "-", "script=exit {}"];
    expect(await codeOf(each, "0\n3\n")).toBe(3);
    expect(await codeOf(["run", "shell", "script=exit 3"])).toBe(3);
    expect(await codeOf(["submit", "shell", "--follow", "script=exit 3"])).toBe(3);
    expect((await world.liveops(["wait"])).code).toBe(1);
  });
});
