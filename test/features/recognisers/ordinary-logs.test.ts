/**
 * Lines of ordinary logs are not taken for progress, and lines that are progress are understood.
 */
import { expect, test } from "vitest";
import type { Reading } from "../../../ops/programs/progress/reading.js";
import { Asked } from "./replay.js";

const ORDINARY = `
2026-11-25 22:50:40 INFO starting worker 3/8
2026/11/25 12:00:00 [notice] 12#12: using the "epoll" event method
25/11/2026 backup started
11/25 22:50:01 [NOTICE] Downloading 1 item(s)
[11/25] nightly report
[12/31] end of the year
[3/4] nights were quiet
Nov 25 22:50:01 host sshd[912]: Accepted publickey for me from 10.0.0.5 port 50122
version 1/2 of the protocol
HTTP/1.1 200 OK
GET /api/v1/items/12/90 200 12ms
https://example.org/a/45%20b/12/90?x=50%25
Test 3 of 5 failed
Test 3 of 5 passed
FAILED 3/5 checks
3 of 5 tests failed
3/5 replicas are ready
1 of 2 hunks FAILED -- saving rejects to file a.c.rej
Attempt 2 of 3 failed, retrying in 10s
Retry 1/3
retrying (1/5)
Processing failed at 45% of the input
Warning: disk is 93% full
disk is 93% full
/dev/sda1  45G  40G  5G  93% /
Filesystem      Size  Used Avail Use% Mounted on
CPU: 45%
Load 93%, memory 12%
Memory usage 45%
battery at 45%
Coverage: 93%
All files | 93.1 | 88% | 12
TOTAL 1200 84 93%
| name | share |
|----------|------:|
| a        |   45% |
92% tests passed, 1 tests failed out of 12
Compressing reduced the size by 45%
Optimizing images saved 45%
Building with 50% of the cores
Loading model with 45% quality
video:1310KiB audio:0KiB subtitle:0KiB other streams:0KiB global headers:0KiB muxing overhead: 2.622315%
[libx264 @ 0x558de6a4c1c0] ref P L0: 68.8%  7.5% 15.9%
- [12/90] fixed the parser
* fix a crash in the parser (#12/90)
## 45%
#1 priority of 3
[PATCH 1/2] daemon: end at once
[info] 12/90 is a fraction
    at Object.<anonymous> (/srv/app/12/90/index.js:45:12)
Error: expected 12 of 90
    at step 3/12 (file.js:1:1)
50% off today
100%! said nobody
0.5% of all requests are slow
p99=12ms p50=3ms (50%)
{"level":30,"time":1795647085,"msg":"done","status":"ok","id":"42"}
{"id":"42","status":"created"}
{"progress":0.5}
{"type":"event","current":1,"total":2}
{"message_type":"error","error":{"message":"45%"}}
12/90
12 of 90
1/2 cup of flour
24/7 support
3/4 inch bolts
Part 1 of 2 of the series
Page 1 of 12
Imported 88 of 90 records
Checked 45% of the files
Finished in 3/4 of the time
Chapter 3 of 12
progress=45
speed=fast
frame=iframe
time=00:00:10 bitrate=low
Length: 12 characters
Saving to: disk
Downloading https://example.org/100%25/file
Reading 12/90/2026
tar: Removing leading \`/' from member names
Unpacking hello (2.10-5) over (2.10-4) ...
copied 12 of the 90 files that matter
10000 bytes were copied, 3 s ago
rate 50% (was 45%)
[====] done
a9c0ffee1234: Digest mismatch
#12 [web] restarted
Transferred: 12 / 90 boxes
Receiving objects from the store
Counting sheep: 12 so far
[1:23] 12 people joined
(11/25) nightly report
[999%] Building C object
500% [Working]
Progress: [400%]
Receiving objects: 300% (9/3)
[5/3] CC main.o
(3/4) of the users
Completed 12 tasks
Completed 3.2 MiB/s
[download] finished
[INFO] Building demo 1.0
[INFO] BUILD SUCCESS
  Installing : a package
  Verifying : 12/25
`
  .split("\n")
  .filter(Boolean);

test.each(ORDINARY)("no progress: %s", (line) => {
  expect(new Asked().read(line, false)).toBeNull();
});

test("the lines of an ordinary log one after the other give no bar", () => {
  const asked = new Asked();
  for (const line of ORDINARY) asked.read(line, false);
  expect(asked.said).toEqual([]);
});

const PROGRESS: Array<[string, Partial<Reading>]> = [
  ["Downloading: 45%", { label: "Downloading", percent: 45 }],
  ["Downloading big.iso... 45.5%", { label: "Downloading big.iso", percent: 45.5 }],
  ["Progress: 12% (ETA 3:04)", { label: "Progress", percent: 12 }],
  ["  45% complete", { percent: 45 }],
  ["[ 45%] done", { percent: 45 }],
  ["[#####-----] 50%", { percent: 50 }],
  ["Import [=====>     ] 50% 12/24", { label: "Import", percent: 50 }],
  ["Working ━━━━━━━━━━━━━━━━━━━━ 45% 0:00:03", { label: "Working", percent: 45 }],
  ["[1/4] Resolving packages...", { label: "steps", done: 1, total: 4 }],
  ["[0/90] CC main.o", { label: "steps", done: 0, total: 90 }],
  ["Step 1/12 : FROM debian", { label: "step", done: 1, total: 12 }],
  ["[1 / 5,678] Compiling src/a.cc", { label: "steps", done: 1, total: 5678 }],
  [
    "(1/90): kernel-6.1.rpm     1.2 MB/s | 300 kB     00:00",
    { label: "steps", done: 1, total: 90 },
  ],
  ["(1/90) installing linux", { label: "steps", done: 1, total: 90 }],
  [
    "  Installing       : bash-5.2-1.x86_64             12/90 ",
    { label: "packages", done: 12, total: 90 },
  ],
  ["[gw0] [ 45%] PASSED test_a.py::test_b ", { label: "tests", percent: 45 }],
  [
    "Completed 12.5 MiB/90.0 MiB (3.2 MiB/s) with 1 file(s) remaining",
    { done: 13107200, total: 94371840 },
  ],
  [
    "Completed 256.0 KiB/~1.0 GiB (3.2 MiB/s) with ~9 file(s) remaining (calculating...)",
    { done: 262144 },
  ],
  [
    "2026-01-02T03:04:05.123+0000\t[##........] shop.orders 12/60 (20.0%)",
    { label: "shop.orders", percent: 20 },
  ],
  [
    "[download]  12.5% of ~  40.00MiB at    1.00MiB/s ETA 00:35 (frag 5/40)",
    { done: 5242880, total: 41943040 },
  ],
  ["Uploaded 45% (12 MB)", { label: "Uploaded", percent: 45 }],
  ["Processed 1/90 rows", { label: "Processed", done: 1, total: 90 }],
  ["Processing file 1 of 90", { label: "Processing file", done: 1, total: 90 }],
];

test.each(PROGRESS)("progress: %s", (line, reading) => {
  expect(new Asked().read(line, false)).toMatchObject(reading);
});

test("a count in the middle is progress once a higher count follows", () => {
  const asked = new Asked();
  expect(asked.read("12/90 files", false)).toBeNull();
  expect(asked.read("12/90 files", false)).toBeNull();
  expect(asked.read("13/90 files", false)).toMatchObject({ done: 13, total: 90, unit: "files" });
  expect(asked.read("[3/4] second", false)).toBeNull();
  expect(asked.read("[4/4] third", false)).toMatchObject({ done: 4, total: 4 });
});

test("a count goes on beside other counts and while its total grows, but not when it goes back", () => {
  const asked = new Asked();
  const read = (line: string) => asked.read(line, false)?.done;
  expect(read("[1/90] CC a.o")).toBe(1);
  expect(read("3/4 inches is what the comment says")).toBeUndefined();
  expect(read("[2/95] CC b.o")).toBe(2);
  expect(read("[1/90] CC c.o")).toBe(1);
  expect(read("[7/80] CC d.o")).toBeUndefined();
});

test.each(["File", "Batch", "Test"])("%s 3 of 5 is progress when 4 of 5 follows", (noun) => {
  const asked = new Asked();
  expect(asked.read(`${noun} 3 of 5`, false)).toBeNull();
  expect(asked.read(`${noun} 4 of 5: next`, false)).toMatchObject({
    label: noun.toLowerCase(),
    done: 4,
    total: 5,
  });
});

test("a frame needs one figure; several percentages are of something else", () => {
  const asked = new Asked();
  expect(asked.read("big.iso  45 % 12 MB", true)).toMatchObject({ label: "big.iso", percent: 45 });
  expect(asked.read("checked (12/90)", true)).toMatchObject({
    label: "checked",
    done: 12,
    total: 90,
  });
  expect(asked.read("cpu0 45% cpu1 12%", true)).toBeNull();
  expect(asked.read("2026-11-25 12:00", true)).toBeNull();
});
