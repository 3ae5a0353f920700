/** Operations of three empty stages in one request, so that few requests disturb what is measured. */
import { newKey } from "../../protocol/client/idempotency-key.js";
import type { BenchWorld } from "./world.js";

/** Resolves when the last one has finished, to its id. The daemon must run one operation at a time. */
export async function runBatch(world: BenchWorld, count: number): Promise<string> {
  const id = await submitBatch(world, count);
  for await (const _line of world.client.watch({ operation: id }));
  return id;
}

/** The id of the last one. */
export async function submitBatch({ client }: BenchWorld, count: number): Promise<string> {
  const bodies = Array.from({ length: count }, () => ({ op: "three-stages" }));
  return (await client.submit(bodies, newKey())).at(-1)!.id;
}
