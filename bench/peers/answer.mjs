/**
 * The peer's side of `Peer`: answers each line of JSON with a line of JSON, until the input ends.
 */
import { createInterface } from "node:readline";

export const settings = JSON.parse(process.argv[2] ?? "{}");

export async function answer(reply) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await reply(JSON.parse(line)))}\n`);
  }
}
