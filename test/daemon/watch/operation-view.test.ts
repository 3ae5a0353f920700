/** Which operations the first line of a watch stream has. */
import { expect, test } from "vitest";
import { OperationView } from "../../../daemon/watch/operation-view.js";
import type { Operation } from "../../../protocol/operation.js";
import { Story } from "../../harness/records.js";

const record = (id: string, more: Partial<Operation> = {}): Operation => ({
  ...new Story().record(),
  id,
  state: "queued",
  ...more,
});
const asked = { question: "Roll out?", choices: ["yes", "no"], answer: null } as never;

test("a question is among the queued operations that a client gets, however long the queue is", () => {
  const records = [record("first"), record("second"), record("asks", { approvals: [asked] })];
  const entries = records.map((it, order) => ({ record: it, order }));
  const parts = {
    features: [],
    attempts: new Map(),
    queue: {
      length: 2,
      first: (most: number) => ["first", "second"].slice(0, most),
      position: () => null,
    },
    waiting: { why: () => null },
    dependencies: { waitsFor: () => null },
    edges: { waitsFor: () => null },
    store: {
      recent: { values: () => [] },
      ledger: {
        questions: entries.slice(2),
        inState: (state: string) => (state === "queued" ? entries : []),
        get: (id: string) => entries.find((entry) => entry.record.id === id),
      },
    },
  };
  // The parts of a daemon that the first line reads.
  const view = new OperationView(parts as never);
  const scope = { operation: null, followChain: false, state: null, op: null, parent: null };
  const shown = view.matching({ ...scope, limit: 0, queued: 2, log: false, histories: false });
  expect(shown.map(({ id }) => id)).toEqual(["first", "second", "asks"]);
});
