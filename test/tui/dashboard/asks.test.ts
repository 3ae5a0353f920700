/** What the dashboard asks for, of a client that answers when the test says so. */
import { expect, test } from "vitest";

import type { DashboardClient } from "../../../tui/dashboard/core/client.js";
import { Effects } from "../../../tui/dashboard/effects.js";
import { initial } from "./core.js";
import { backup, NOW } from "./operations.js";

/** @returns the effects, and the next answer that is dispatched */
function asked(client: Partial<DashboardClient>) {
  const { promise: answer, resolve } = Promise.withResolvers<unknown>();
  const effects = new Effects({
    // The rest is not called.
    client: client as DashboardClient,
    dispatch: (message) => resolve(message.type === "told" ? message.answer : message),
    state: () => initial(),
    now: () => NOW,
    suspend() {},
    write() {},
    env: {},
    looks: { fetch: async () => null, remember() {} },
    flags: {},
    stateDir: null,
  });
  return { effects, answer };
}

test("the answer to a search that was left is no answer to the same search later", async () => {
  const pages = [Promise.withResolvers<object>(), Promise.withResolvers<object>()] as const;
  const open = pages.values();
  const { effects, answer } = asked({
    async *logPages() {
      yield (await open.next().value!.promise) as never;
    },
  });
  const { id } = backup();
  const want = {
    chain: id,
    links: [{ id, offset: 0 }],
    query: { after: 0, match: "x" },
    errorSince: undefined,
  };
  for (const each of [want, null, want]) effects.run([{ type: "ask", name: "seek", want: each }]);
  pages[0].resolve({ lines: [] });
  pages[1].resolve({ lines: [{ n: 7 }] });
  expect(await answer).toEqual({ n: 7 });
});

test("a history is taken in though more operations have succeeded meanwhile", async () => {
  const histories = [Promise.withResolvers<object>(), Promise.withResolvers<object>()] as const;
  const open = histories.values();
  const { effects, answer } = asked({ history: () => open.next().value!.promise as never });
  for (const succeeded of [1, 2])
    effects.run([{ type: "ask", name: "history", want: { name: "backup", succeeded } }]);
  histories[0].resolve({ runs: 1 });
  expect(await answer).toEqual({ runs: 1 });
});

test("a request whose connection was lost is sent again", async () => {
  const replies = [
    Promise.reject(new Error("the connection was lost")),
    Promise.resolve({ host: "a" }),
  ].values();
  const { effects, answer } = asked({ daemon: () => replies.next().value as never });
  effects.run([{ type: "ask", name: "daemon", want: {} }]);
  expect(await answer).toEqual({ host: "a" });
});
