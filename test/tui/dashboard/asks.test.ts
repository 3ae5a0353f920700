/** What the dashboard asks for, of a client that answers when the test says so. */
import { expect, test } from "vitest";
import { Effects } from "../../../tui/dashboard/effects.js";
import { initial } from "./core.js";

/** Asks for one after the other. @returns the first answer that is dispatched */
function answerOf(client: object, name: string, ...wants: (object | null)[]): Promise<unknown> {
  return new Promise((resolve) => {
    const dispatch = ({ answer }: { answer: unknown }) => resolve(answer);
    // An ask uses only these.
    const effects = new Effects({ client, dispatch, state: initial } as never);
    effects.run(wants.map((want) => ({ type: "ask", name, want })));
  });
}

const late = () => Promise.withResolvers<object>();

test("the answer to a search that was left is no answer to the same search later", async () => {
  const pages = [late(), late()] as const;
  const open = pages.values();
  const client = {
    async *logPages() {
      yield await open.next().value?.promise;
    },
  };
  const want = { links: [{ id: "a", offset: 0 }], query: { match: "x" } };
  const answer = answerOf(client, "seek", want, null, want);
  pages[0].resolve({ lines: [] });
  pages[1].resolve({ lines: [{ n: 7 }] });
  expect(await answer).toEqual({ n: 7 });
});

test("a history is taken in though more operations have succeeded meanwhile", async () => {
  const replies = [{ runs: 1 }, late().promise].values();
  const client = { history: async () => replies.next().value };
  const wants = [1, 2].map((succeeded) => ({ name: "backup", succeeded }));
  expect(await answerOf(client, "history", ...wants)).toEqual({ runs: 1 });
});

test("a request whose connection was lost is sent again", async () => {
  const replies = [Promise.reject(new Error("lost")), { host: "a" }].values();
  const client = { daemon: async () => replies.next().value };
  expect(await answerOf(client, "daemon", {})).toEqual({ host: "a" });
});
