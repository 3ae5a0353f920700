/** A command of the user, with the notice on its stdin and in variables. */

import { homedir } from "node:os";
import type { Channel } from "../../../../protocol/features/notices/setting.js";
import { runHook } from "../../../os/run-hook.js";
import { bodyOf } from "../message.js";
import { type Delivery, DeliveryError } from "./delivery.js";

export async function sendByCommand(
  { run }: NonNullable<Channel["command"]>,
  delivery: Delivery,
): Promise<void> {
  const { message } = delivery;
  const { id, event, title, notices } = message;
  const [notice] = notices;
  const data = event === "summary" ? { id, event, title, notices } : notice;
  const operation = event === "summary" ? null : notice!.operation;
  await runProgram(delivery, run, `${JSON.stringify(data)}\n`, {
    LIVEOPS_OPERATION_ID: operation?.id ?? "",
  });
}

/** Runs a command for the message. @throws DeliveryError where it does not exit with 0 */
export async function runProgram(
  { message, env, signal }: Delivery,
  command: string,
  input = "",
  more: Record<string, string> = {},
): Promise<void> {
  const problem = await runHook({
    command,
    cwd: homedir(),
    input,
    timeout: 2 ** 31 - 1,
    signal,
    env: {
      ...env,
      LIVEOPS_NOTICE_EVENT: message.event,
      LIVEOPS_NOTICE_TITLE: message.title,
      LIVEOPS_NOTICE_TEXT: bodyOf(message),
      ...more,
    },
  });
  if (problem !== null) throw new DeliveryError(`the command failed: ${problem}`);
}
