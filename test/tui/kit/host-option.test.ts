/**
 * Which daemon a command line means: `--host`, LIVEOPS_HOST and the options that name a place of
 * this machine.
 */
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import type { GlobalOptions } from "../../../protocol/client/daemon-address.js";
import { UsageError } from "../../../protocol/failures.js";
import { commandTree } from "../../../tui/cli/commands.js";
import { daemonTree } from "../../../tui/cli/liveopsd/commands.js";
import { tuiCommand } from "../../../tui/dashboard/arguments.js";
import { readHostOption } from "../../../tui/kit/host-option.js";
import { allOptions } from "../../../tui/kit/options.js";

type Read = GlobalOptions & { host?: string };

/** The options that the action of the command would read. */
async function read(words: string[], env: Record<string, string> = {}): Promise<Read> {
  const [program, ...rest] = words;
  let root = tuiCommand(async () => {});
  if (program === "liveops") root = await commandTree();
  if (program === "liveopsd") root = await daemonTree();
  let found: Read | null = null;
  // The action of the command is not what is tested.
  root.hook("preAction", (_root: Command, command: Command) => {
    readHostOption(command, env);
    found = allOptions<Read>(command);
    throw new Stop();
  });
  await root.parseAsync(rest, { from: "user" }).catch((error: unknown) => {
    if (!(error instanceof Stop)) throw error;
  });
  const { remote, host, socket, stateDir } = found!;
  const all = { remote, host, socket, stateDir };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

class Stop extends Error {}

const line = (text: string) => text.split(" ");

describe("the daemon of a command line", () => {
  test.each<[string, Record<string, string>, Read]>([
    ["liveops ops --host ssh://box", {}, { remote: "ssh://box" }],
    ["liveops --host ssh://box ops", {}, { remote: "ssh://box" }],
    ["liveops ops --host ssh://box --host ssh://box/", {}, { remote: "ssh://box" }],
    ["liveops queue set gpu --concurrency 2 --host ssh://box", {}, { remote: "ssh://box" }],
    ["liveops ops --host unix:///run/a.sock", {}, { socket: "/run/a.sock" }],
    ["liveops ops --host unix://", { LIVEOPS_HOST: "ssh://box" }, {}],
    ["liveopsd status --host ssh://box", {}, { remote: "ssh://box" }],
    ["liveops ops", { LIVEOPS_HOST: "ssh://box" }, { remote: "ssh://box" }],
    ["liveops ops", { LIVEOPS_HOST: "" }, {}],
    ["liveops ops", { LIVEOPS_HOST: "ssh://box", LIVEOPS_SOCKET: "/a" }, { remote: "ssh://box" }],
    ["liveops ops --host ssh://a", { LIVEOPS_HOST: "ssh://box" }, { remote: "ssh://a" }],
    ["liveops ops --socket /a", { LIVEOPS_HOST: "ssh://box" }, { socket: "/a" }],
    ["liveops --socket /a ops", { LIVEOPS_HOST: "ssh://box" }, { socket: "/a" }],
    ["liveops ops --state-dir /a", { LIVEOPS_HOST: "ssh://box" }, { stateDir: "/a" }],
    // Commands of this machine, which the variable is not for.
    ["liveops check a.yaml", { LIVEOPS_HOST: "ssh://box" }, {}],
    ["liveops dial-stdio", { LIVEOPS_HOST: "ssh://box" }, {}],
    // The name of this machine in a fleet.
    ["liveops start --host web-1", {}, { host: "web-1" }],
  ])("%s with %j", async (words, env, expected) => {
    expect(await read(line(words), env)).toEqual(expected);
  });
});

describe("a line that is refused", () => {
  test.each([
    ["liveops ops --host web-1", /"web-1" is not an address.*ssh:\/\/web-1/s],
    ["liveops-tui --host ssh://a --host ssh://b", /more than once.*give one --host/s],
    ["liveops ops --host ssh://a --socket /b", /so does --socket/],
    ["liveops --state-dir /b ops --host ssh://a", /so does --socket or --state-dir/],
    ["liveops run --host ssh://a shell", /this machine.*liveops submit --follow --host ssh:\/\/a/s],
    ["liveops check --host ssh://a x.yaml", /this machine.*ssh a liveops check/s],
    ["liveops config --host ssh://a", /this machine.*ssh a liveops config/s],
    ["liveops --host ssh://a start", /this machine.*ssh a liveops start/s],
    ["liveops start --host ssh://a", /name of this machine in its fleet.*ssh a liveops start/s],
  ])("%s", async (words, why) => {
    const error = await read(line(words)).then(
      () => null,
      (it: unknown) => it,
    );
    expect(error).toBeInstanceOf(UsageError);
    const { message, hint } = error as UsageError;
    expect(`${message}\n${hint}`).toMatch(why);
  });

  test("LIVEOPS_HOST is named in its error", async () => {
    await expect(read(line("liveops ops"), { LIVEOPS_HOST: "box" })).rejects.toThrow(
      /^LIVEOPS_HOST: "box"/,
    );
  });
});
