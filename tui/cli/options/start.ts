/** `--in`, `--at` and `--now`: when the operation starts. */
import { Option } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import { givenDuration } from "../../kit/given-duration.js";
import { formatLocalTime, parseLocalTime, TIME_FORMS } from "../../kit/output/local-time.js";
import type { SubmitOption } from "./option.js";

export interface StartOptions {
  in?: string;
  at?: string;
  now?: boolean;
}

export const START: SubmitOption<StartOptions> = {
  add(command, form) {
    if (form !== "submit" && form !== "edit") return;
    command
      .option("--in <duration>", "Start after this time: 30s, 10m, 2h")
      .addOption(
        new Option(
          "--at <time>",
          "Start at this local time: 14:30, tomorrow 06:00, 2026-12-01 14:30",
        ).conflicts("in"),
      );
    if (form === "edit")
      command.addOption(new Option("--now", "Do not wait for a time").conflicts(["in", "at"]));
  },
  async fields(given, { client }) {
    const { now } = given;
    const isTimed = given.in !== undefined || given.at !== undefined;
    // The clock of the daemon counts. Without an answer, the submit itself says why.
    if (isTimed) await client.daemon().catch(() => {});
    return {
      ...(isTimed && { notBefore: startOf(given, new Date(client.now())).toISOString() }),
      ...(now && { notBefore: null }),
    };
  },
};

function startOf({ in: delay, at = "" }: StartOptions, now: Date): Date {
  if (delay !== undefined)
    return new Date(now.getTime() + givenDuration("--in", delay, "30s, 10m or 2h") * 1000);
  const time = parseLocalTime(at, now);
  if (time === null)
    throw new UsageError(`--at: ${JSON.stringify(at)} is not a time; give ${TIME_FORMS}`);
  if (time < now)
    throw new UsageError(
      `--at: ${formatLocalTime(time)} is in the past`,
      "leave out --at to start at once",
    );
  return time;
}
