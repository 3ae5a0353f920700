import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AttemptLog } from "../../../daemon/run-files/attempt-log.js";
import { type LogRecord, linesOf } from "../../../daemon/run-files/log-tail.js";
import { parseRecord } from "../../../protocol/record-line.js";
import { FileWriter } from "../../harness/file-writer.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

function written(maxLog = Number.POSITIVE_INFINITY) {
  const dir = join(directory(), "1");
  const sink = new FileWriter(dir, 0, 0, maxLog);
  let isRead = false;
  const log = new AttemptLog(dir, () => isRead);
  const numbers = () => {
    const records: LogRecord[] = [];
    log.read((text) => records.push(parseRecord<LogRecord>(text)!));
    return records.flatMap(linesOf).map(({ n }) => n);
  };
  let said = 0;
  const say = (count: number) => {
    const lines = Array.from({ length: count }, () => `line ${++said} ${"x".repeat(100)}`);
    sink.outputLines("stdout", null, lines);
  };
  return { sink, log, numbers, say, setRead: (now: boolean) => (isRead = now) };
}

test("of a log that nobody reads, the last record is passed on, each once", () => {
  const { numbers, say, sink } = written();
  expect(numbers()).toEqual([]);
  say(1);
  say(3);
  expect(numbers()).toEqual([2, 3, 4]);
  expect(numbers()).toEqual([]);
  say(2);
  expect(numbers()).toEqual([5, 6]);
  sink.close();
});

test("a reader gets each line from then on, and the last record when it comes", () => {
  const { numbers, say, setRead, sink } = written();
  say(4);
  setRead(true);
  expect(numbers()).toEqual([1, 2, 3, 4]);
  say(1);
  say(1);
  expect(numbers()).toEqual([5, 6]);
  setRead(false);
  say(1);
  say(1);
  expect(numbers()).toEqual([8]);
  setRead(true);
  say(1);
  expect(numbers()).toEqual([9]);
  sink.close();
});

test("the parts of a long log have the numbers too", () => {
  const { numbers, say, setRead, sink } = written(4096);
  for (let n = 0; n < 500; n++) say(1);
  expect(numbers()).toEqual([500]);
  setRead(true);
  expect(numbers()).toEqual([]);
  for (let n = 0; n < 20; n++) say(1);
  expect(numbers()).toEqual(Array.from({ length: 20 }, (_, index) => 501 + index));
  sink.close();
});

test("what cannot be read is an error each time, so that it is put aside at the end", () => {
  const dir = join(directory(), "1");
  mkdirSync(join(dir, "log.ndjson"), { recursive: true });
  const log = new AttemptLog(dir, () => false);
  for (let n = 0; n < 2; n++) expect(() => log.read(() => {})).toThrow("is a directory");
});
