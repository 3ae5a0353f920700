/** What the terminal answers is not taken for typing. */
import { describe, expect, test } from "vitest";
import { Replies } from "../../../tui/dashboard/around/replies.js";
import { openDashboard } from "./open.js";
import { failed } from "./operations.js";
import { World } from "./world.js";

const COLOUR = "\x1b]11;rgb:0000/0000/0000\x1b\\";
const typed = (...reads: string[]) => {
  const replies = new Replies();
  return reads.map((read) => replies.without(read)).join("");
};

describe("taken out", () => {
  test.each([
    ["a colour", COLOUR],
    ["one that ends with a bell", "\x1b]11;rgb:0000/0000/0000\x07"],
    ["the terminal's name", "\x1bP>|tmux 3.4\x1b\\"],
    ["a capability", "\x1bP1+r436f=323536\x1b\\"],
  ])("%s, whole or cut anywhere", (_, reply) => {
    expect(typed(`j${reply}k`)).toBe("jk");
    for (let cut = 6; cut < reply.length; cut++)
      expect(typed(`j${reply.slice(0, cut)}`, `${reply.slice(cut)}k`)).toBe("jk");
  });
});

describe("left alone", () => {
  test.each(["jk", "\x1b", "\x1b[A", "\x1b]", "\x1bP", "\x1bOP", "\x1b[200~a b\x1b[201~", "\x1b[I"])(
    "%j",
    (keys) => {
      expect(typed(keys, "x")).toBe(`${keys}x`);
    },
  );

  test("what is typed after a reply that never ends", () => {
    expect(typed("\x1b]11;rgb:00", "x", "y")).toBe("xy");
  });
});

test("a late answer about colours runs nothing again", async () => {
  await using world = await World.start();
  world.put(failed());
  await using opened = openDashboard({ socket: world.socket });
  await opened.screen.until("▌✗ Fails at an item");
  opened.press(COLOUR);
  opened.press("?");
  await opened.screen.until("─ keys");
  expect(world.daemon.asked.filter(({ method }) => method === "POST")).toEqual([]);
});
