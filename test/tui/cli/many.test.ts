/** Many operations at once: `--each`, selections, `--key` and `--if-absent`, with a real daemon. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { moreQueuedText } from "../../../tui/cli/ls/filter.js";
import { eachBodies, readLinesOf } from "../../../tui/cli/submit/many.js";
import { useDaemon } from "../../harness/daemon.js";
import { useDirectories } from "../../harness/temporary.js";
import { useCli } from "./cli.js";

const cli = useCli();
const directory = useDirectories();

const daemon = useDaemon({ concurrency: 4 });
const { client, world } = daemon;

test("lines become operations, selections act on them, and what is submitted once stays one", async () => {
  const run = (words: string[], input = "") =>
    cli.here([words[0]!, "--socket", world.socket, ...words.slice(1)], { input });
  await client.pauseQueue();
  const lines = join(world.dir, "lines");
  writeFileSync(lines, `${Array.from({ length: 1100 }, (_, n) => `item ${n}`).join("\n")}\n\n`);
  const each = await run([
    "submit",
    "shell",
    "--each",
    lines,
    "--label",
    "l-{}",
    "--",
    "echo",
    "<{}>",
    "x",
  ]);
  const ids = each.stdout.trim().split("\n");
  expect(each.code).toBe(0);
  expect(ids).toHaveLength(1100);
  expect(await client.show(ids[1034]!)).toMatchObject({
    label: "l-item 1034",
    params: { args: ["echo", "<item 1034>", "x"] },
  });
  const failed = await run(["submit", "shell", "--label", "all", "--", "sh", "-c", "exit 3"]);
  const failing = failed.stdout.trim();
  const good = (await run(["submit", "shell", "--label", "two", "--", "true"])).stdout.trim();
  const wrong = await run(["submit", "shelll", "--each", "-", "a={}"], "x\n\ny\n");
  expect(wrong).toMatchObject({ code: 4, stdout: "" });
  expect(wrong.stderr).toMatch(/line 1: .*did you mean shell.*; nothing was submitted\n$/);

  const cancelled = await run(["cancel", "--label", "l-item 7"]);
  expect(cancelled).toMatchObject({
    code: 0,
    stdout: `${ids[7]} cancelled\n`,
    stderr: "cancel: 1 operation\n",
  });
  expect(await run(["cancel", "--label", "l-item 7"])).toMatchObject({ code: 0, stdout: "" });
  const named = async (...words: string[]) => (await run(["ls", "-o", "name", ...words])).stdout;
  expect(await named("--label", "l-item 7")).toBe(`${ids[7]}\n`);
  expect(await named("--label", "l-item 7", "--state", "queued")).toBe("");
  expect(
    (await named("--queue", "default", "--state", "queued", "--limit", "2000")).split("\n"),
  ).toHaveLength(1102);
  expect(await named("--queue", "default", "-n", "1")).toBe(`${good}\n`);
  expect(await run(["cancel", ids[1]!, "--all"])).toMatchObject({ code: 2 });
  expect(await run(["cancel", "--state", "failed"])).toMatchObject({ code: 2 });
  const rest = await run(["cancel", "--op", "shell", "--state", "queued"]);
  expect(rest.stderr).toBe("cancel: 1101 operations\n");
  const { operations } = await client.list({ state: ["queued"] });
  expect(operations).toEqual([]);

  await client.resumeQueue();
  const retried = await run(["retry", "--label", "all"]);
  expect(retried).toMatchObject({ code: 0, stdout: `${failing}\n` });
  expect(await daemon.untilFinished(failing)).toMatchObject({ state: "failed" });
  expect(await run(["rm", "--state", "failed", "--older-than", "1h"])).toMatchObject({
    code: 0,
    stdout: "",
  });
  expect(await run(["rm", "--state", "failed"])).toMatchObject({ code: 0, stdout: `${failing}\n` });
  const removed = await run(["rm", "--finished", "--label", "two"]);
  expect(removed.stdout).toBe(`${good}\n`);

  const sleeping = await run(["submit", "shell", "--if-absent", "only", "--", "sleep", "100"]);
  const second = await run(["submit", "shell", "--if-absent", "only", "--", "sleep", "100"]);
  expect(second.stdout).toBe(sleeping.stdout);
  const both = await Promise.all(
    Array.from({ length: 5 }, () =>
      client.submit(
        { op: "shell", params: { script: "sleep 100" }, label: "one", ifAbsent: true },
        crypto.randomUUID(),
      ),
    ),
  );
  expect(new Set(both.map(({ id }) => id)).size).toBe(1);
  const words = ["submit", "shell", "--key", "my key", "--", "true"];
  const keyed = await run(words);
  expect((await run(words)).stdout).toBe(keyed.stdout);
  expect(await daemon.untilFinished(keyed.stdout.trim())).toMatchObject({ state: "succeeded" });
  const waiting = run(
    ["submit", "shell", "--each", "-", "--wait", "--", "test", "{}", "=", "b"],
    "a\nb\n",
  );
  expect(await waiting).toMatchObject({ code: 1, stdout: expect.stringMatching(/succeeded\n/) });
  expect((await run(["cancel", "--all"])).stderr).toBe("cancel: 2 operations\n");
});

test("a cancel of all starts nothing that was queued", async () => {
  await client.setQueue("narrow", { concurrency: 1 });
  const body = { params: { args: ["sleep", "100"] }, queue: "narrow" };
  const running = await daemon.submit("shell", body);
  for await (const line of client.watch({ operation: running.id })) {
    if (line.type === "snapshot" && line.operations[0]?.state === "running") break;
    if (line.type === "changed" && line.patch.state === "running") break;
  }
  await client.submit(Array(100).fill({ op: "shell", ...body }), "queued");
  const { code, stderr } = await cli.here(["cancel", "--socket", world.socket, "--all", "--wait"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "cancel: 101 operations\n" });
  const { operations } = await client.list({ limit: 1000 });
  const narrow = operations.filter(({ queue }) => queue === "narrow");
  expect(narrow).toHaveLength(101);
  expect(new Set(narrow.map(({ state }) => state))).toEqual(new Set(["cancelled"]));
  expect(narrow.filter(({ attempt }) => attempt > 0).map(({ id }) => id)).toEqual([running.id]);
});

test("a line replaces {} as a whole, whatever is in it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string().filter((text) => text.trim() !== "" && !/[\r\n]/.test(text))),
      (items) => {
        const made = eachBodies(items.join("\n"), ["a{}", "b"], (replaced) => ({
          op: replaced("x{}{}"),
        }));
        expect(made.map(({ body }) => body.op)).toEqual(items.map((item) => `x${item}${item}`));
      },
    ),
  );
});

test("a line that JSON cannot hold is refused by its number, not submitted as another text", () => {
  const file = join(directory(), "names");
  const linesOf = (bytes: string) => {
    writeFileSync(file, Buffer.from(bytes, "latin1"));
    return readLinesOf(file);
  };
  expect(() => linesOf("good\ncaf\xe9\nnext\n")).toThrow(
    /names, line 2 is not valid UTF-8: "caf\ufffd"/,
  );
  expect(() => linesOf("good\ncaf\xe9")).toThrow("line 2 is not valid UTF-8");
  expect(linesOf("caf\xc3\xa9\n")).toBe("café\n");
});

test("a list says how many queued operations it leaves out", () => {
  expect(moreQueuedText(1)).toBe("1 more operation is queued");
  expect(moreQueuedText(180)).toBe("180 more operations are queued");
});
