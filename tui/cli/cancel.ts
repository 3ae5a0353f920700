/** `liveops cancel`: cancels operations. Returns when the request is recorded; with --wait, when they are finished. */
import type { Command } from "commander";
import { interruptible } from "../../protocol/command/interruptible.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import { isFinal } from "../../protocol/state.js";
import { connect, forEachId } from "./connection.js";

export function registerCancel(root: Command): void {
  addCommand(root, "cancel", "Cancel operations", ["liveops cancel k3f", "liveops cancel k3f x81 --wait"])
    .argument("<id...>", "Operation ids, or unique prefixes of 3 or more characters")
    .option("--wait", "Wait for operations to finish")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const { client, options } = connect<{ wait?: boolean }>(command);
      const to = reportTo(command.parent!);
      const asked: string[] = [];
      process.exitCode = await forEachId(ids, to, async (name) => {
        const { id, state } = await client.cancel(name);
        if (options.wait && !isFinal(state)) asked.push(id);
        else process.stdout.write(`${id} ${isFinal(state) ? state : "cancelling"}\n`);
      });
      if (asked.length === 0) return;
      const { lostNotes, untilFinished } = await import("./wait-for-all.js");
      await interruptible(
        () => `interrupted; the cancel stays recorded for ${asked.join(" ")}`,
        async (signal) => {
          await Promise.all(
            asked.map(async (id) => {
              const { state } = await untilFinished(client, id, { signal, chain: false, ...lostNotes(to) });
              process.stdout.write(`${id} ${state}\n`);
            }),
          );
        },
      );
    });
}
