/**
 * Waits until the file `<gate>.<attempt>` exists, then does what the file says. Writes down how it runs.
 * Only one `Single` runs at a time.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

const params = z.object({ gate: z.string(), note: z.string().default("") });

async function pass(operation, p, Next) {
  const { gate, note } = operation.params;
  appendFileSync(`${gate}.ran`, `${operation.attempt} ${note}\n`);
  await p.stage("Wait", async () => {
    while (!existsSync(`${gate}.${operation.attempt}`)) await delay(10, undefined, { signal: p.signal });
  });
  const word = readFileSync(`${gate}.${operation.attempt}`, "utf8").trim();
  await p.stage("Leave", () => {
    if (word === "fail") throw new Error("the gate said so");
  });
  if (word === "chain") p.chainTo(Next, { gate: `${gate}+`, note });
}

export class Many extends LiveOperation {
  static stages = ["Wait", "Leave"];
  static params = params;

  async run(p) {
    await pass(this, p, Many);
  }
}

export class Single extends LiveOperation {
  static stages = ["Wait", "Leave"];
  static params = params;
  static concurrency = 1;

  async run(p) {
    await pass(this, p, Single);
  }
}
