/** What the tools ask of the daemon for an agent that may not do everything. */
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Daemon, type ServerRules } from "../../../tui/features/mcp/daemon.js";
import { TOOLS } from "../../../tui/features/mcp/main.js";
import { FakeDaemon } from "../../harness/fake-daemon.js";
import { Story } from "../../harness/records.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const RULES: ServerRules = {
  readOnly: false,
  allow: null,
  allowApprove: false,
  noInput: false,
  endsWithSession: false,
};

let fake: FakeDaemon;
beforeEach(async () => {
  fake = await FakeDaemon.start();
});
afterEach(() => fake[Symbol.asyncDispose]());

async function call(name: string, input: Record<string, unknown>, rules: Partial<ServerRules>) {
  const to = { program: "liveops", startCommand: "liveops start" };
  const daemon = new Daemon({ socket: fake.socket }, to, { ...RULES, ...rules });
  const { signal } = new AbortController();
  const context = { ...(await daemon.connect()), daemon, signal, ended: daemon.ended, sendProgress: null };
  return TOOLS.find((tool) => tool.name === name)!.run(input, context);
}

const posted = () => fake.asked.findLast(({ method }) => method === "POST")?.body;

test.each([
  [false, true],
  [true, false],
])("--allow-approve %j: a retry keeps questions %j", async (allowApprove, keepsQuestions) => {
  const record = new Story().record();
  fake.on("GET", `/v1/operations/${record.id}`, (_asked, reply) => reply.json(record));
  fake.on("POST", `/v1/operations/${record.id}/retry`, (_asked, reply) => reply.json(record));
  await call("retry_operation", { id: record.id, from: "Load" }, { allowApprove });
  expect(posted()).toEqual({ from: "Load", keepsQuestions });
});

test("with --allow, a command runs in the directory of the server, or inside of it", async () => {
  const outside = directory();
  const here = realpathSync(directory());
  mkdirSync(join(here, "sub"));
  symlinkSync("sub", join(here, "in"));
  symlinkSync(outside, join(here, "out"));
  const cwd = vi.spyOn(process, "cwd").mockReturnValue(here);
  try {
    fake.on("POST", "/v1/operations", (_asked, reply) => reply.refuse("LIVEOPS_QUEUE_FULL", "it is full"));
    const run = (dir: string, allow: string[] | null) =>
      call("run_command", { command: "./check.sh", cwd: dir }, { allow });
    for (const dir of [outside, "..", "out", join(here, "out"), `${here}-2`, "missing"])
      await expect(run(dir, ["./check.sh"])).rejects.toThrow("is no directory inside of it; leave out cwd");
    expect(fake.asked).toEqual([]);
    for (const dir of [here, ".", "sub", join(here, "in")]) {
      await expect(run(dir, ["./check.sh"])).rejects.toThrow("it is full");
      expect(posted()).toMatchObject({ cwd: realpathSync(join(here, dir.replace(here, ""))) });
    }
    await expect(run(outside, null)).rejects.toThrow("it is full");
  } finally {
    cwd.mockRestore();
  }
});
