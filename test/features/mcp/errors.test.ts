/** Errors of the MCP server: they name tools, and shell commands only where no tool does it. */
import { expect, test } from "vitest";
import { Refusal } from "../../../protocol/errors.js";
import { errorReply, withTools } from "../../../tui/features/mcp/errors.js";
import { TOOLS } from "../../../tui/features/mcp/main.js";

const to = { program: "liveops", startCommand: "liveops start" };
const ID = "k3fa81x0c2pd";

async function reply(message: string, readOnly = false) {
  const { message: said, next } = await errorReply(new Refusal("LIVEOPS_WRONG_STATE", message), {
    to,
    rules: { readOnly },
  });
  return [said, ...next];
}

test("the next step is the tool, with the id", async () => {
  expect(await reply("there is no operation; liveops ls lists them")).toEqual([
    "there is no operation",
    "list_operations lists them",
  ]);
  expect(await reply(`it is running; cancel it first: liveops cancel ${ID}`)).toEqual([
    "it is running",
    `cancel it first: cancel_operation {"id":"${ID}"}`,
  ]);
  expect(await reply(`it succeeded; run it again with: liveops again ${ID}`)).toEqual([
    "it succeeded",
    `run it again with: submit_operation, with op and params of ${ID}`,
  ]);
});

test("without a tool for it the command stays, and so does a message without a next step", async () => {
  const queue = "create it with: liveops queue set gpu --concurrency 1";
  expect(await reply(`there is no queue gpu; ${queue}`)).toEqual(["there is no queue gpu", queue]);
  expect(await reply("it has failed; liveops retry runs it again", true)).toEqual([
    "it has failed",
    "liveops retry runs it again",
  ]);
  expect(await reply("it broke; and the disk is full")).toEqual(["it broke; and the disk is full"]);
  for (const command of [
    "liveops ls --state failed",
    `liveops retry ${ID} --done Ask`,
    `liveops logs ${ID} -f`,
  ])
    expect(withTools(command, { readOnly: false })).toBe(command);
});

test("each tool that an error names is one of the server, and changes nothing where the server may not", async () => {
  const commands = ["ls", "ops", "show", "logs", "wait", "cancel", "retry", "submit"];
  for (const command of commands) {
    const [any, safe] = [false, true].map((readOnly) =>
      withTools(`liveops ${command}`, { readOnly }),
    );
    const tool = TOOLS.find(({ name }) => name === any);
    expect(tool, command).toBeDefined();
    expect(safe).toBe(tool!.changes === "nothing" ? any : `liveops ${command}`);
  }
});
