import { expect, test } from "vitest";
import { useWorld } from "./world.js";

const world = useWorld({ operations: ["links"] });

/** Submits with the words and waits; returns the first link's id. */
async function _chain(...words: string[]): Promise<string> {
  const ended = await world.liveops(["submit", "first-link", ...words, "--wait"]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, stderr: "" });
  return ended.stdout.trim();
}

test("each link of a chain keeps its result: in text mode and in show", async () => {
  const words = ["first-link", "names=a", "names=b", "word=w"];
  const results = (stdout: string) =>
    stdout.split("\n").filter((line) => /^(names|word|length)=/.test(line));
  for (const way of [["run"], ["submit", "--follow"]]) {
    const { code, stdout, stderr } = await world.liveops([...way, ...words]);
    expect(code, stderr).toBe(0);
    expect(results(stdout)).toEqual(['names=["a","b"]', "word=w", "length=0"]);
    // The bar of the untracked stage is not that of the stage around it.
    expect(stderr).toContain("Load 60%\nWarm cache 30%\nchained to second-link");
  }
  const { stdout } = await world.liveops(["show"]);
  expect(stdout).toMatch(
    /operations of the chain\n {2}1 {2}\w{12} {2}first-link {2}✓ succeeded\n {5}names=\["a","b"\]\n {5}word=w\n/,
  );
  expect(stdout).toMatch(/\n {2}2 {2}\w{12} {2}second-link {2}✓ succeeded\n/);
});
