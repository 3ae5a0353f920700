/**
 * What one recording cannot show: the order of lines, several things at once, and texts that stay
 * in the log.
 */
import { expect, test } from "vitest";
import type { Reading } from "../../../ops/programs/progress/reading.js";
import { Asked } from "./replay.js";

function readAll(lines: string[], isFrame = false): Array<Reading | null> {
  const asked = new Asked();
  return lines.map((line) => asked.read(line, isFrame));
}

test("rsync gives no percent while it lists files", () => {
  const [start, listing, between, listed] = readAll(
    [
      "         32,768   0%    0.00kB/s    0:00:00  ",
      "      5,000,000  80%   21.73MB/s    0:00:00 (xfr#1, ir-chk=1000/1100)",
      "      6,000,000  90%   21.73MB/s    0:00:00  ",
      "      7,000,000  12%   21.73MB/s    0:00:00 (xfr#2, to-chk=8000/9000)",
    ],
    true,
  );
  expect(start).toMatchObject({ label: "transfer", percent: 0 });
  expect(listing).toMatchObject({ label: "transfer", done: 5_000_000, total: null });
  expect(listing).not.toHaveProperty("percent");
  expect(between).not.toHaveProperty("percent");
  expect(listed).toMatchObject({ label: "transfer", percent: 12 });
});

test("rsync --progress of one large file shows the percent of the file", () => {
  const [, reading] = readAll(["disk.img", "      2,654,208  53%    2.35MB/s    0:00:00  "]);
  expect(reading).toMatchObject({ label: "disk.img", percent: 53 });
});

test("aria2 gives the sum of its downloads, and their end when the last one is complete", () => {
  const readings = readAll([
    "[#aaaaaa 1.0MiB/4.0MiB(25%) CN:1 DL:1.2MiB ETA:2s]",
    "[DL:2.4MiB][#aaaaaa 2.0MiB/4.0MiB(50%)][#bbbbbb 1.0MiB/6.0MiB(16%)]",
    "01/02 03:04:05 [NOTICE] Download complete: /srv/a",
    "01/02 03:04:06 [NOTICE] Download complete: /srv/b",
  ]);
  expect(readings[1]).toMatchObject({ done: 3 * 2 ** 20, total: 10 * 2 ** 20 });
  expect(readings[2]).toBeNull();
  expect(readings[3]).toMatchObject({
    done: 10 * 2 ** 20,
    total: 10 * 2 ** 20,
    isOnlyProgress: false,
  });
});

test("docker build counts the steps of stages that are built side by side", () => {
  const readings = readAll([
    "#5 [web 1/2] FROM node:24",
    "#6 [build 1/3] FROM golang:1",
    "#5 DONE 1.0s",
    "#7 [build 2/3] COPY . .",
    "#6 CACHED",
  ]);
  expect(readings.at(-1)).toMatchObject({ label: "build", done: 2, total: 5 });
});

test("wget: a long name moves through the bar, and is no label", () => {
  const readings = readAll(
    [
      "a-very-long-file-na  45%[========>           ]   1.06M  1.32MB/s               ",
      "-very-long-file-nam  50%[=========>          ]   1.16M  1.32MB/s               ",
    ],
    true,
  );
  expect(readings.map((reading) => reading?.label)).toEqual(["download", "download"]);
});

test("wget: dots after 100,000K have no space before them", () => {
  const dots = ".......... .......... .......... .......... ..........";
  const readings = readAll([` 99950K ${dots} 24% 1.58G 2s`, `100000K ${dots} 25% 93.1T 2s`]);
  expect(readings.map((reading) => reading?.percent)).toEqual([24, 25]);
});

test("ffmpeg: the longest input is the total, and a time that is not known changes nothing", () => {
  const readings = readAll([
    "  Duration: 00:00:10.00, start: 0.000000, bitrate: 275 kb/s",
    "  Duration: 00:01:40.00, start: 0.000000, bitrate: 128 kb/s",
    "size=       0KiB time=N/A bitrate=N/A speed=N/A    ",
    "size=     256KiB time=00:00:50.00 bitrate= 128.0kbits/s speed=20x    ",
  ]);
  expect(readings.slice(2)).toEqual([
    { isOnlyProgress: true },
    { label: "time", done: 50, total: 100, unit: "s", isOnlyProgress: true },
  ]);
});

test("lines of JSON that are not progress stay in the log", () => {
  const texts = [
    '{"type": "log_message", "time": 1795647085.0, "message": "big/p1: file changed", "levelname": "WARNING", "name": "borg.archiver"}',
    '{"message_type":"verbose_status","action":"new","item":"/big/p1","duration":0.1}',
    '{"message_type":"error","error":{"message":"permission denied"},"during":"archival","item":"/x"}',
    '{"complete":1,"code":0}',
    '{"vertexes":"none"}',
    "{not json}",
    '{"message_type":',
  ];
  for (const text of texts) {
    const reading = new Asked().read(text, false);
    expect([text, reading?.isOnlyProgress ?? false, reading?.percent, reading?.done]).toEqual([
      text,
      false,
      undefined,
      undefined,
    ]);
  }
});

test("a failure of docker is a line of the log", () => {
  expect(
    readAll([
      '{"id":"Image nosuch","status":"Error","text":"pull access denied for nosuch"}',
      '{"vertexes":[{"digest":"sha256:a","name":"[1/2] RUN false","started":"2026-01-02T03:04:05Z","completed":"2026-01-02T03:04:06Z","error":"exit code: 1"}]}',
    ]).map((reading) => [reading?.isOnlyProgress ?? false, reading?.log]),
  ).toEqual([
    [false, undefined],
    [false, ["[1/2] RUN false: exit code: 1"]],
  ]);
});

test("the output of a build and its warnings are decoded into log lines", () => {
  const encoded = (text: string) => Buffer.from(text).toString("base64");
  const logs = ["cc -c main.c\n", "10%\r100%\r\n\u001b[31mrot\u001b[0m ü\n\n", ""];
  const message = {
    logs: logs.map((text) => ({ vertex: "sha256:b3", stream: 1, data: encoded(text) })),
    warnings: [{ level: 1, short: encoded("StageNameCasing: use lower case") }],
  };
  const [reading, odd] = readAll([JSON.stringify(message), '{"logs":[{"data":"not base64!"}]}']);
  expect(reading?.log).toEqual([
    "cc -c main.c",
    "100%",
    "\u001b[31mrot\u001b[0m ü",
    "",
    "StageNameCasing: use lower case",
  ]);
  expect(odd?.log).toEqual(["not base64!"]);
});

test("a recogniser keeps the state of one run only", () => {
  const duration = "  Duration: 00:01:40.00, start: 0.000000, bitrate: 128 kb/s";
  const line = "size=     256KiB time=00:00:50.00 bitrate= 128.0kbits/s speed=20x    ";
  const [, known] = readAll([duration, line]);
  const [unknown] = readAll([line]);
  expect(known).toMatchObject({ total: 100 });
  expect(unknown).toMatchObject({ total: null });
});
