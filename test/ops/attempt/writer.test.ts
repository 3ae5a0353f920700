/** The writer of an attempt: what it masks, and which stage it takes for the running one. */
import { expect, it } from "vitest";
import { AttemptWriter } from "../../../ops/attempt/writer.js";
import type { EventBody } from "../../../protocol/event.js";
import type { LogStream } from "../../../protocol/operation.js";

class TestWriter extends AttemptWriter {
  readonly written: unknown[] = [];

  protected append(body: EventBody): void {
    this.written.push(body);
  }

  protected appendLines(stream: LogStream, stage: string | null, texts: readonly string[]): void {
    for (const text of texts) this.written.push([stream, stage, text]);
  }
}

const entered = (stage: string) => ({ type: "stage:entered", stage, index: null }) as const;
const left = (stage: string) =>
  ({ type: "stage:left", stage, index: null, state: "done", resumed: false, seconds: 0 }) as const;

it("masks lines before it divides them, and events but for the names of stages and stored items", () => {
  const writer = new TestWriter();
  writer.masker.add("hunter22\nsecond line");
  writer.line("stdout", "hunter22", "a hunter22\nsecond line b");
  writer.event({ type: "status:changed", status: { text: "is hunter22", level: "info" } }, false);
  const items = { occurrence: 1, params: "hunter22", keys: ["hunter22"] };
  writer.event({ type: "items:finished", stage: "hunter22", count: 1, items }, false);
  expect(writer.written).toEqual([
    ["stdout", "hunter22", "a *** b"],
    { type: "status:changed", status: { text: "is ***", level: "info" } },
    { type: "items:finished", stage: "hunter22", count: 1, items },
  ]);
});

it("tells before and after each change of the running stage", () => {
  const writer = new TestWriter();
  const told: unknown[] = [];
  writer.beforeStage = () => told.push(writer.stage);
  writer.onStage = (running) => told.push(running);
  writer.event(entered("Load"), true);
  writer.line("log", writer.stage, "within");
  writer.event(entered("Rows"), false);
  writer.event(left("Load"), true);
  writer.event(left("Rows"), false);
  expect(told).toEqual([null, "Load", "Load", "Rows", "Rows", "Rows", "Rows", null]);
});
