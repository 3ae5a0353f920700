import { appendFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OwnOutput } from "../../../daemon/worker/own-output.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("the output of an operation is in its log, and none is left in the file for the next operation", () => {
  const file = join(directory(), "worker.stdout");
  writeFileSync(file, "from before\n");
  const output = new OwnOutput(file, "stdout");
  for (const operation of ["first", "second"]) {
    const lines: Array<[string, number]> = [];
    const onLost = (text: string) => expect.unreachable(text);
    const onLine = (text: string, end: number) => lines.push([text, end]);
    output.start({ onLine, onLost, cut: (_, end) => end }, 1000);
    appendFileSync(file, `${operation}\nits end`);
    output.stop();
    expect(lines).toEqual([
      [operation, operation.length + 1],
      ["its end", operation.length + 8],
    ]);
    // A worker that is killed now leaves nothing that the daemon could take for output of the next operation.
    expect(statSync(file).size).toBe(0);
  }
});
