/** The file of the reports, written as scripts write it. */
import { appendFileSync, existsSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { LONGEST_LINE, ReportFile } from "../../../../ops/programs/progress/report-file.js";
import { temporary } from "../../temporary.js";

function opened(dirs = [temporary()]) {
  const lines: string[] = [];
  const file = ReportFile.create((line) => lines.push(line), dirs);
  return { file, lines };
}

it("gives each appended line once, when it is whole; the last one also without its end", () => {
  const { file, lines } = opened();
  file.poll();
  appendFileSync(file.path, "one\r\ntw");
  file.poll();
  file.poll();
  expect(lines).toEqual(["one"]);
  appendFileSync(file.path, "o é");
  file.close();
  expect(lines).toEqual(["one", "two é"]);
  expect(existsSync(file.path)).toBe(false);
});

it("reads again what replaced the content: of another length, of the same, and after it was empty", () => {
  const { file, lines } = opened();
  const replace = (text: string) => {
    writeFileSync(file.path, text);
    file.poll();
  };
  for (const text of ["progress 3/9\n", "progress 4/9\n", "short\n", "progress 10/90\n"])
    replace(text);
  truncateSync(file.path, 0);
  file.poll();
  replace("progress 11/90\n");
  appendFileSync(file.path, "end\n");
  file.close();
  expect(lines).toEqual([
    "progress 3/9",
    "progress 4/9",
    "short",
    "progress 10/90",
    "progress 11/90",
    "end",
  ]);
});

it("is private, and is in the next directory if the first takes no file", () => {
  const dir = temporary();
  const { file } = opened(["/no/such/directory", dir]);
  expect(file.path.startsWith(dir)).toBe(true);
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
  file.close();
  expect(() => opened(["/no/such/directory"])).toThrow("ENOENT");
});

it("reads much in bounded pieces, and cuts a line that never ends", () => {
  const { file, lines } = opened();
  appendFileSync(file.path, `${"x".repeat(9999)}\n`.repeat(300));
  file.poll();
  expect(lines.length).toBeGreaterThan(50);
  expect(lines.length).toBeLessThan(300);
  appendFileSync(file.path, "y".repeat(3_000_000));
  file.close();
  expect(lines.slice(0, 300).every((line) => line.length === 9999)).toBe(true);
  expect(lines.slice(300).map((line) => line.length)).toEqual([LONGEST_LINE]);
});
