/** What the child processes of `liveops run` and `liveops ops --ops` share: their output, and the supervisor. */
import { writeSync } from "node:fs";
import { captureOutput } from "../../../ops/programs/capture-output.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { type FromChild, PIPE } from "./child.js";

/** Sends output of operation files to stderr while they are loaded: stdout is for the operation's output. */
export async function aside<T>(act: () => Promise<T>): Promise<T> {
  const capture = captureOutput((_, text) => capture.real.stderr(`${sanitize(text)}\n`));
  try {
    return await act();
  } finally {
    capture.restore();
  }
}

export function tellSupervisor(message: FromChild): void {
  try {
    writeSync(PIPE, `${JSON.stringify(message)}\n`);
  } catch {
    // The supervisor has ended.
  }
}

export function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.once("drain", resolve).once("error", resolve);
  });
}
