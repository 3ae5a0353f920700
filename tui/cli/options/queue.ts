/** `--queue`, `--priority` and `--top`. */
import { Option } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import type { SubmitOption } from "./option.js";

interface QueueOptions {
  queue?: string;
  priority?: string;
  top?: boolean;
}

export const QUEUE: SubmitOption<QueueOptions> = {
  add(command, form) {
    if (form === "run") return;
    const standard = form === "again" ? " (default: that of the operation)" : "";
    command
      .option("--queue <name>", `Queue of the operation; liveops queue lists the queues${standard}`)
      .option("--priority <n>", `Higher first in its queue${standard}`);
    if (form === "edit")
      command.addOption(
        new Option("--top", "Make it the next of its queue, by its priority").conflicts("priority"),
      );
  },
  fields({ queue, priority, top }) {
    return {
      ...(queue !== undefined && { queue }),
      ...(priority !== undefined && { priority: numberOf(priority) }),
      ...(top && { top: true as const }),
    };
  },
};

function numberOf(text: string): number {
  if (/^[+-]?\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(
    `--priority: ${JSON.stringify(text)} is not a whole number from -999999 to 999999; give 5 or -1`,
  );
}
