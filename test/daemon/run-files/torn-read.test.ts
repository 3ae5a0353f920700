/** Tail: a read beside a write that sees the end of the written bytes and not their beginning. */
import fs, { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Tail } from "../../../daemon/run-files/tail.js";
import { useBuiltin } from "../../harness/builtin.js";
import { useDirectories } from "../../harness/temporary.js";

/** What the next read sees in the place of the file's bytes. */
const torn = { text: null as string | null };

const { readSync } = fs;
useBuiltin(fs, {
  readSync: (fd: number, buffer: Buffer, offset: number, length: number, position: number) => {
    const { text } = torn;
    torn.text = null;
    return text === null
      ? readSync(fd, buffer, offset, length, position)
      : buffer.write(text, offset);
  },
});

const directory = useDirectories();

const LONG = `{"seq":3,"text":"${"x".repeat(5000)}"}`;

test.each([
  ["a group of lines, with only the last newline", '{"seq":2}\t{"seq":3}\n\t\t', '{"seq":3}'],
  ["a line without its beginning", '\t\t\t\t\t\t\t\t:2}\n{"seq":3}\n\t\t', '{"seq":3}'],
  [
    "a group longer than a read, without newlines at first",
    `{"seq":2}\t${LONG}`.slice(0, 4096),
    LONG,
  ],
])("%s is read again", (_, text, last) => {
  const file = join(directory(), "events.ndjson");
  writeFileSync(file, '{"seq":1}\n');
  const lines: string[] = [];
  const tail = new Tail(file);
  tail.read((line) => lines.push(line));
  appendFileSync(file, `{"seq":2}\n${last}\n\t\t`);
  torn.text = text;
  tail.read((line) => lines.push(line));
  tail.close();
  expect(lines).toEqual(['{"seq":1}', '{"seq":2}', last]);
});
