import { appendFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OwnOutput } from "../../../daemon/worker/own-output.js";
import { WrittenLines } from "../../../ops/programs/capture-output.js";
import { MASK, Masker } from "../../../ops/secrets/masker.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("the output of an operation is in its log, and none is left in the file for the next operation", () => {
  const file = join(directory(), "worker.stdout");
  writeFileSync(file, "from before\n");
  const output = new OwnOutput(file, "stdout");
  for (const operation of ["first", "second"]) {
    const lines: Array<[string, number]> = [];
    const onLost = (text: string) => expect.unreachable(text);
    const onLines = (texts: readonly string[], end: number) =>
      lines.push(...texts.map((text): [string, number] => [text, end]));
    output.start({ onLines, onLost, cut: (_, end) => end }, 1000);
    appendFileSync(file, `${operation}\nits end`);
    output.stop();
    expect(lines).toEqual([
      [operation, operation.length + 1],
      ["its end", operation.length + 8],
    ]);
    // A worker that is killed now leaves nothing that the daemon could take for output of the next
    // operation.
    expect(statSync(file).size).toBe(0);
  }
});

test("a secret at the cut of a long line stays whole, in the file and in what JavaScript writes", () => {
  const secret = `sk-läve-${"0123456789".repeat(9000)}`;
  const masker = new Masker();
  masker.add(secret);
  const cut: Masker["cut"] = (...line) => masker.cut(...line);
  for (const before of [
    Buffer.from("é".repeat(32_760)),
    Buffer.alloc(65_530, "x"),
    Buffer.alloc(100, 0xff),
  ]) {
    const text = Buffer.concat([before, Buffer.from(`${secret}|`)]);
    const file = join(directory(), "worker.stdout");
    const output = new OwnOutput(file, "stdout");
    const [read, printed]: [string[], string[]] = [[], []];
    const written = new WrittenLines((line) => printed.push(line), cut);
    const onLost = (lost: string) => expect.unreachable(lost);
    writeFileSync(file, "");
    output.start({ onLines: (texts) => read.push(...texts), onLost, cut }, 10 * 1024 * 1024);
    for (let at = 0; at < text.length; at += 50_000) {
      appendFileSync(file, text.subarray(at, at + 50_000));
      output.read();
      written.write(text.subarray(at, at + 50_000));
    }
    written.flush();
    output.stop();
    for (const lines of [read, printed])
      expect(lines.map((line) => masker.mask(line)).join("")).toBe(`${before}${MASK}|`);
  }
});
