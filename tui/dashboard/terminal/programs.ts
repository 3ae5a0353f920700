/** Programs that the dashboard starts: the daemon, liveops attach and shell, and the editor. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownerOf } from "../../../protocol/system/lock-owner.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import type { DashboardClient } from "../core/client.js";
import type { Effect } from "../core/effect.js";
import type { Message } from "../core/message.js";
import { type Flags, flagWords, startDaemon as startCommand } from "../core/request.js";

interface Surroundings {
  readonly client: DashboardClient;
  readonly dispatch: (message: Message) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: Flags;
  /** Of the daemon; null: not known. */
  readonly stateDir: string | null;
  /** Gives the terminal back for as long as the callback takes. */
  readonly suspend: (meanwhile: () => Promise<void>) => void;
}

const failed = ({ dispatch }: Surroundings, text: string): void =>
  dispatch({ type: "noticed", text, level: "error" });

/**
 * Runs `liveops start` of the same installation, with the words of the daemon that was there
 * before.
 */
export function startDaemon(surroundings: Surroundings): void {
  const { flags, stateDir, dispatch } = surroundings;
  if (flags.remote !== undefined) {
    failed(surroundings, `start it on that machine: ${startCommand(flags)}`);
    return;
  }
  const bin = fileURLToPath(new URL("./bin/liveopsd.cjs", import.meta.url));
  if (!existsSync(bin)) {
    failed(surroundings, "liveopsd is not installed beside liveops-tui");
    return;
  }
  const words = (stateDir === null ? null : ownerOf(stateDir)?.start) ?? flagWords(flags);
  const text = `starting the daemon: ${shellLine(["liveops", "start", ...words])}`;
  dispatch({ type: "noticed", text, level: "info" });
  const child = spawn(process.execPath, [bin, "start", ...words], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.on("data", (data) => (output += data));
  child.on("close", (code) => {
    if (code !== 0) failed(surroundings, `liveops start: ${output.trim() || `exit ${code}`}`);
  });
}

/** Runs a program on the terminal until it ends. */
function run(program: string, words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: "inherit" });
    child.on("error", reject);
    child.on("exit", () => resolve());
  });
}

/** What `sh -c` does with the words: an error stays on the screen until the person has read it. */
const UNTIL_READ = '"$@" || { printf "\\nEnter returns to the dashboard "; read -r _; }';

/** Runs `liveops attach` or `liveops shell` of the same installation. */
export async function onTerminal(
  { type, id }: Extract<Effect, { type: "attach" | "shell" }>,
  surroundings: Surroundings,
): Promise<void> {
  const { flags } = surroundings;
  const bin = fileURLToPath(new URL("./bin/liveops.cjs", import.meta.url));
  if (!existsSync(bin)) {
    failed(surroundings, "liveops is not installed beside liveops-tui");
    return;
  }
  try {
    const words = [process.execPath, bin, type, id, ...flagWords(flags)];
    if (type === "shell") await run("/bin/sh", ["-c", UNTIL_READ, "sh", ...words]);
    else await run(words[0]!, [...words.slice(1), "--once"]);
  } catch (error) {
    failed(surroundings, `${type}: ${(error as Error).message}`);
  }
}

/** Bytes of a log that the editor gets at most. */
const EDITED_MOST = 8 << 20;

/** Opens the source of the error, else the log, in the editor. */
export async function edit(
  { id, title, source }: Extract<Effect, { type: "edit" }>,
  surroundings: Surroundings,
): Promise<void> {
  const { client, env } = surroundings;
  const editor = env.VISUAL || env.EDITOR || "vi";
  const dir = source === null ? mkdtempSync(join(tmpdir(), "liveops-log-")) : null;
  try {
    let words: string[];
    if (source !== null) words = [`+${source.line}`, source.file];
    else {
      const file = join(dir!, `${title.replace(/[^\w.-]+/g, "-").slice(0, 40) || "operation"}.log`);
      let text = "";
      for await (const piece of client.logText(id)) text = (text + piece).slice(-EDITED_MOST);
      writeFileSync(file, text, { mode: 0o600 });
      words = [file];
    }
    // `EDITOR="code --wait"` has words of its own.
    await run("/bin/sh", ["-c", `exec ${editor} "$@"`, "sh", ...words]);
  } catch (error) {
    failed(surroundings, `editor: ${(error as Error).message}`);
  } finally {
    if (dir !== null) rmSync(dir, { recursive: true, force: true });
  }
}
