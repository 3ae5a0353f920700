/**
 * Without a terminal: says so, and follows the operation as text through the `liveops` command
 * beside this one.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Client } from "../../protocol/client/client.js";
import { NoAnswerError, NoDaemonError } from "../../protocol/client/errors.js";
import { Refusal } from "../../protocol/errors.js";
import { EXIT } from "../../protocol/exit-codes.js";
import type { Arguments } from "./arguments.js";
import { flagWords } from "./core/request.js";

export interface TextModeOptions {
  args: Arguments;
  client: Client;
  /** Why there is no screen. */
  why: string;
  say(line: string): void;
}

/** @returns the exit code, the text mode's own where it ran */
export async function textMode({ args, client, why, say }: TextModeOptions): Promise<number> {
  const liveops = fileURLToPath(new URL("./bin/liveops.cjs", import.meta.url));
  const nothing = args.id === null && (await hasNothing(client));
  if (nothing || !existsSync(liveops)) {
    say(`liveops-tui: ${why}, and there is nothing to watch; type: liveops submit <op> --follow`);
    return EXIT.usage;
  }
  say(`liveops-tui: ${why}; following as text, as liveops watch does`);
  const words = ["watch", ...(args.id === null ? [] : [args.id])];
  return follow(liveops, [...words, ...flagWords(args)]);
}

/**
 * Whether the daemon answers and holds no operation; where it does not answer or refuses, `liveops
 * watch` says so best.
 */
async function hasNothing(client: Client): Promise<boolean> {
  try {
    return (await client.list({ limit: 1 })).operations.length === 0;
  } catch (error) {
    if (
      error instanceof NoDaemonError ||
      error instanceof NoAnswerError ||
      error instanceof Refusal
    )
      return false;
    throw error;
  }
}

function follow(liveops: string, words: string[]): Promise<number> {
  const child = spawn(process.execPath, [liveops, ...words], { stdio: "inherit" });
  // The terminal sends Ctrl-C to both; what is sent to this process alone is passed on.
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? EXIT.interrupted));
  });
}
