/** What the status tells of operation files. */
import pino from "pino";
import { expect, test } from "vitest";
import { LoadProblems } from "../../../daemon/loader/load-problems.js";

test("operations that wait, since no process can load their types, are told with the reason", async () => {
  const loader = {
    known: () => null,
    look() {},
    types: () => Promise.reject(new Error("the process could not start")),
  };
  const problems = new LoadProblems(loader, pino({ level: "silent" }));
  problems.start();
  expect(await problems.list()).toEqual(["operations wait: the process could not start"]);
  problems.stop();
});
