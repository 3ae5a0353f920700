/** Errors become exit codes and text, by one table for both commands. */
import { expect, test } from "vitest";
import {
  ConnectionLostError,
  NoDaemonError,
  UnreachableError,
} from "../../../protocol/client/errors.js";
import { Refusal } from "../../../protocol/errors.js";
import {
  InterruptedError,
  NotFoundError,
  TimedOutError,
  UsageError,
} from "../../../protocol/failures.js";
import { report } from "../../../tui/kit/report.js";

async function reported(error: unknown): Promise<{ code: number; text: string }> {
  let text = "";
  const stderr = { write: (more: string) => (text += more) };
  const code = await report(error, {
    program: "liveops",
    startCommand: "liveops start --socket /x",
    stderr,
  });
  return { code, text };
}

test.each([
  [new UsageError("no such flag", "try this"), 2, "liveops: no such flag\ntry this\n"],
  [new NotFoundError("nothing"), 4, "liveops: nothing\n"],
  [new TimedOutError("time is up"), 124, "liveops: time is up\n"],
  [new InterruptedError("aaa goes on"), 130, "liveops: aaa goes on\n"],
  [new InterruptedError(""), 130, ""],
  [
    new NoDaemonError("/x", "ENOENT"),
    3,
    "liveops: no daemon answers on /x (ENOENT)\nstart it with: liveops start --socket /x\n",
  ],
  [
    new UnreachableError("ssh://box", "box is off", ["try: ssh box"]),
    3,
    "liveops: box is off\ntry: ssh box\n",
  ],
  [new ConnectionLostError("it went"), 3, "liveops: it went\nsee: liveopsd status --socket /x\n"],
  [
    new Refusal(
      "LIVEOPS_BAD_REQUEST",
      "the body's name is missing; the path's queue takes text, not 3; docs/protocol.md describes every route",
    ),
    2,
    "liveops: The request is not valid: name is missing; queue takes text, not 3\n",
  ],
  [
    new Refusal("LIVEOPS_WRONG_STATE", "aaa is over"),
    5,
    "liveops: Not possible now: aaa is over\n",
  ],
])("%s", async (error, code, text) => {
  expect(await reported(error)).toEqual({ code, text });
});

test("near names are added only where the detail does not say them", async () => {
  const said = new Refusal("LIVEOPS_NO_SUCH_TYPE", "did you mean shell?", { nearest: ["shell"] });
  expect((await reported(said)).text.match(/shell/g)).toHaveLength(1);
  const unsaid = new Refusal("LIVEOPS_NO_SUCH_TYPE", "there is no shel", { nearest: ["shell"] });
  expect(await reported(unsaid)).toMatchObject({
    code: 4,
    text: expect.stringContaining("did you mean shell?"),
  });
});

test.each([[new TypeError("x is not a function")], ["thrown text"]])(
  "what it does not know is our fault: %s",
  async (error) => {
    const { code, text } = await reported(error);
    expect(code).toBe(70);
    expect(text).toContain(error instanceof Error ? error.message : error);
    expect(text).toContain("please report it");
  },
);

test("a file of the package that is missing is no fault: another version is written over it", async () => {
  const own = new URL("../../../tui/kit/pipeline-file.js", import.meta.url).pathname;
  const missing = (file: string) =>
    Object.assign(new Error(`Cannot find module '${file}'`), { code: "ERR_MODULE_NOT_FOUND" });
  expect(await reported(missing(own))).toEqual({
    code: 70,
    text: "liveops: the package of liveops is being replaced; try again\n",
  });
  expect((await reported(missing("/home/me/ops/mine.js"))).text).toContain("please report it");
});

test("a fault of the daemon says where its log is", async () => {
  expect(await reported(new Refusal("LIVEOPS_INTERNAL", "it broke"))).toEqual({
    code: 70,
    text: "liveops: Internal error (a bug in liveops): it broke\nsee the daemon's log: liveopsd logs\n",
  });
});

test("no error's text acts on the terminal", async () => {
  for (const error of [
    new UsageError("\x1b[31m"),
    new Refusal("LIVEOPS_BAD_REQUEST", "\x9b"),
    new Error("\x07"),
  ]) {
    expect((await reported(error)).text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  }
});
