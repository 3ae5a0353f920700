/** The peers' side of bench/harness/peer.ts: a line of JSON in, one out, until the input ends. */
import { createInterface } from "node:readline";

export const settings = JSON.parse(process.argv[2] ?? "{}");

export async function answer(reply) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await reply(JSON.parse(line)))}\n`);
  }
}
