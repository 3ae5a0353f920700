/**
 * Each bundle of dist/ that a command runs tells each kind of error with its exit code, wherever it
 * was thrown.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Refusal } from "../../protocol/errors.js";
import { VERSION } from "../../protocol/version.js";
import { Cli } from "../tui/cli/cli.js";

const cli = new Cli();
const servers: Server[] = [];
const socketOf = (code: string) => join(cli.dir, `${code}.sock`);
/** The codes of a daemon's refusals, by the exit code. */
const REFUSALS = {
  2: "LIVEOPS_BAD_REQUEST",
  4: "LIVEOPS_NO_SUCH_OPERATION",
  5: "LIVEOPS_WRONG_STATE",
  70: "LIVEOPS_INTERNAL",
};

beforeAll(async () => {
  writeFileSync(
    join(cli.dir, "ok.yaml"),
    "params: { src: { type: string } }\nstages: [{ name: Build, run: echo }]\n",
  );
  writeFileSync(join(cli.dir, "damaged.yaml"), "stages: [");
  mkdirSync(join(cli.dir, ".cursor"));
  writeFileSync(join(cli.dir, ".cursor/mcp.json"), "{ damaged");
  for (const code of Object.values(REFUSALS)) {
    const problem = new Refusal(code, "refused by the test").toProblem();
    const server = createServer((_request, reply) => {
      reply.writeHead(problem.status, {
        "content-type": "application/problem+json",
        "liveops-version": VERSION,
      });
      reply.end(JSON.stringify(problem));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(socketOf(code), resolve));
  }
});

afterAll(() => {
  for (const server of servers) server.close();
  cli.close();
});

async function ends(words: string[], code: number): Promise<string> {
  const [bin = "", ...rest] = words[0]!.startsWith("liveops") ? words : ["liveops", ...words];
  const ended = await cli.run(rest, { bin });
  expect(ended, `${words.join(" ")}: ${ended.stderr}`).toMatchObject({ code });
  if (code !== 70) expect(ended.stderr).not.toContain("internal error");
  return ended.stderr;
}

/** Commands that ask a daemon, one for each bundle that has the client. */
const ASKING = {
  "command-submit.cjs": ["submit", "shell"],
  "command-ls.cjs": ["ls"],
  "command-show.cjs": ["show", "abc"],
  "command-wait.cjs": ["wait", "abc"],
  "command-logs.cjs": ["logs", "abc"],
  "command-status.cjs": ["status"],
  "command-cancel.cjs": ["cancel", "abc"],
  "liveops-cli.cjs": ["why", "abc"],
  "liveopsd-cli.cjs": ["liveopsd", "status"],
  "tui.js": ["liveops-tui", "abc"],
};

test.each(Object.entries(ASKING))("%s", async (_bundle, words) => {
  for (const [exit, code] of Object.entries(REFUSALS)) {
    const said = await ends([...words, "--socket", socketOf(code)], Number(exit));
    expect(said).toContain("refused by the test");
  }
  await ends([...words, "--socket", socketOf("none")], 3);
  await ends([...words, "--no-such-option"], 2);
});

test.each([
  ["mcp.js", ["mcp", "setup"], 2, "no client was found in the home directory"],
  ["mcp.js", ["mcp", "setup", "cursr"], 2, "did you mean cursor?"],
  ["mcp.js", ["mcp", "setup", "cursor", "--project"], 2, "mcp.json cannot be read"],
  ["pipeline-file.js", ["submit", "damaged.yaml"], 2, "damaged.yaml"],
  ["pipeline-file.js", ["submit", "ok.yaml", "srcc=a"], 2, "srcc"],
  ["run.js", ["run", "damaged.yaml"], 2, "damaged.yaml"],
  ["run.js", ["run", "nosuch"], 4, "nosuch"],
  ["daemon.cjs", ["start", "--foreground", "--fleet", "http://a/b"], 2, "URL is not valid"],
])("%s: %j", async (_bundle, words, code, text) => {
  expect(await ends(words, code)).toContain(text);
});
