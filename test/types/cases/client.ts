// What liveops/client takes and returns.
import { LiveOperation, z } from "liveops";
import {
  connect,
  LiveopsError,
  NoDaemonError,
  type Operation,
  type WatchState,
} from "liveops/client";

class Counts extends LiveOperation<typeof Counts> {
  static params = z.object({ to: z.number(), from: z.number().default(0) });
  run() {}
}

abstract class Plain extends LiveOperation {}
class Own extends Plain {
  static op = "own";
  run() {}
}

export async function main(signal: AbortSignal): Promise<void> {
  await using liveops = connect({ socket: "/run/s", deadlines: { answer: 1000 } });
  try {
    const { id }: Operation = await liveops.submit(Counts, { to: 3 }, { label: "x", signal });
    await liveops.submit(Own);
    await liveops.submit("shell", { args: ["true"] });
    // @ts-expect-error: to is required
    await liveops.submit(Counts);
    // @ts-expect-error: to is a number
    await liveops.submit(Counts, { to: "3" });
    for await (const operation of liveops.watch(id, { signal })) console.log(operation.percent);
    for await (const state of liveops.watch({ state: ["running"] })) {
      const { operations, counts, changed }: WatchState = state;
      console.log(operations.get(id)?.op, counts.running, changed?.id);
    }
    for await (const line of liveops.log(id, { tail: 10 })) console.log(line.text);
    const last = await liveops.wait(id, { timeout: 10 });
    if (last.state === "failed") console.log(last.error?.message);
  } catch (error) {
    if (error instanceof NoDaemonError) console.log(error.socket);
    if (error instanceof LiveopsError) console.log(error.code, error.status, error.detail);
  }
}
