/**
 * What the child processes of `liveops run` and `liveops ops --ops` share: their output, and the
 * supervisor.
 */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadCatalogue } from "../../../ops/loading/catalogue.js";
import { enableUserCode } from "../../../ops/loading/user-code.js";
import { captureOutput } from "../../../ops/programs/capture-output.js";
import type { TypesReply } from "../../../protocol/replies.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import {
  CANCEL_VARIABLE,
  type FromChild,
  PIPE,
  SKIP_VARIABLE,
  SUPERVISOR_VARIABLE,
} from "./child.js";

/**
 * Sends output of operation files to stderr while they are loaded: stdout is for the operation's
 * output.
 */
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

/**
 * Loads the types and prints them. Ends the process, because a file can leave timers and sockets
 * open.
 */
export async function typesHere(
  opsDirs: readonly string[],
  print: (reply: TypesReply) => Promise<number>,
): Promise<never> {
  const skip = JSON.parse(process.env[SKIP_VARIABLE] ?? "[]") as string[];
  for (const name of [SKIP_VARIABLE, CANCEL_VARIABLE, SUPERVISOR_VARIABLE])
    delete process.env[name];
  enableUserCode(new URL("./liveops.js", import.meta.url).href);
  const dirs = [...opsDirs, fileURLToPath(new URL("./ops", import.meta.url))];
  const onFile = (file: string) => tellSupervisor({ loading: file });
  const { types, ...others } = await aside(() => loadCatalogue(dirs, { onFile, skip }));
  tellSupervisor({ loading: null });
  const code = await print({ ops: [...types.values()].map(({ type }) => type), ...others });
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(code);
}
