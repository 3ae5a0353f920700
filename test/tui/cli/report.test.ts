/** `liveops report`: the line that it appends, and its errors. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useCli } from "./cli.js";

const cli = useCli();

test("appends one line, whole, also of many commands at once", async () => {
  const file = join(cli.dir, "report");
  const env = { LIVEOPS_REPORT: file };
  const first = await cli.here(["report", "log", "warning", "a  b", "-c", "--any"], { env });
  expect(first).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readFileSync(file, "utf8")).toBe("log warning a  b -c --any\n");
  const all = await Promise.all(
    [1, 2, 3, 4].map((n) => cli.run(["report", `progress ${n}/9 files`], { env })),
  );
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  const lines = readFileSync(file, "utf8").trimEnd().split("\n").slice(1);
  expect(lines.sort()).toEqual([1, 2, 3, 4].map((n) => `progress ${n}/9 files`));
});

test.each<[string[], string]>([
  [["percent", "40"], "no operation reads reports here: LIVEOPS_REPORT is not set"],
  [["persent", "40"], "Did you mean percent?"],
  [["percent", "x"], '"percent x" is not: percent 40'],
  [["log", "loud", "x"], '"loud" is no level: give info, success, notice, warning or error'],
  [["status", "a\nb"], "a report is one line"],
  [[], "missing required argument 'report'"],
])("%j without an operation is exit code 2", async (words, message) => {
  const { code, stdout, stderr } = await cli.here(["report", ...words]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
});

test("names a file that cannot be written", async () => {
  const env = { LIVEOPS_REPORT: join(cli.dir, "no", "such", "report") };
  const { code, stderr } = await cli.here(["report", "percent", "40"], { env });
  expect(code).toBe(2);
  expect(stderr).toContain("cannot be written");
});
