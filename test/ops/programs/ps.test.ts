/** The rows of ps, as macOS writes them and as Linux does. */
import { expect, test } from "vitest";
import { psRow, rowsOf } from "../../../ops/programs/ps.js";

const MACOS = `    1     0     1  Ss   Mon Nov 30 09:12:01 2026   2-03:14.15  21344 /sbin/launchd
  500     1   500 Ss   Tue Dec  1 10:00:00 2026     0:00.05   3120 -zsh
  612   500   612 S+   Tue Dec  1 10:00:07 2026    61:02.50  90112 node x.js C=1 A=1 B=two words LIVEOPS_STEP=a b
  613   612   613  T    Tue Dec  1 10:00:08 2026     0:00.00   1024 sleep 600
  614   612   613  Z    Tue Dec  1 10:00:08 2026     0:00.00      0 <defunct>
`;

test("of macOS: hundredths, days, variables with spaces, and no arguments", () => {
  const plain = MACOS.replace(" A=1 B=two words LIVEOPS_STEP=a b", "");
  const rows = rowsOf(plain, MACOS);
  expect([...rows.keys()]).toEqual([1, 500, 612, 613, 614]);
  expect(rows.get(1)).toMatchObject({
    state: "S",
    session: 1,
    cpuSeconds: 2 * 86_400 + 3 * 60 + 14.15,
  });
  expect(rows.get(612)).toEqual({
    pid: 612,
    state: "S",
    parent: 500,
    group: 612,
    session: 612,
    startTime: Date.parse("2026-12-01T10:00:07Z") / 1000,
    cpuSeconds: 61 * 60 + 2.5,
    rssBytes: 90_112 * 1024,
    environment: ["A=1", "B=two words", "LIVEOPS_STEP=a b"],
  });
  expect([613, 614].map((pid) => rows.get(pid)!.state)).toEqual(["T", "Z"]);
  expect(rows.get(614)!.session).toBe(613);
});

test("of Linux: this process, with what it uses and its environment", () => {
  const row = psRow(process.pid)!;
  expect(row).toMatchObject({ pid: process.pid, parent: process.ppid });
  expect(row.rssBytes).toBeGreaterThan(1e6);
  expect(row.startTime).toBeCloseTo(performance.timeOrigin / 1000, -1);
  expect(row.environment).toContain(`HOME=${process.env.HOME}`);
  expect(psRow(2 ** 22 + 1)).toBeUndefined();
});
