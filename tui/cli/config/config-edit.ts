/** `liveops config edit`: the config file in the user's editor. The file changes only to a valid text. */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { Refusal } from "../../../protocol/errors.js";
import { UsageError } from "../../../protocol/failures.js";
import { newId } from "../../../protocol/id.js";
import { configProblems, problemLine } from "../../../protocol/system/config.js";
import { changeConfigFile, readConfigText } from "../../../protocol/system/config-file.js";
import { CONFIG_KEYS, type Config } from "../../../protocol/system/config-settings.js";
import { makeDirectory } from "../../../protocol/system/directories.js";
import { type ReportTo, say } from "../../kit/report.js";
import { NEW_CONFIG } from "./config-text.js";

/** @returns the settings that have changed; null: the person changed nothing, or threw the changes away */
export async function editConfig(file: string, to: ReportTo): Promise<Array<keyof Config> | null> {
  const before = readConfigText(file);
  const start = before ?? NEW_CONFIG;
  // Beside the file, so that an editor finds a schema of the same directory.
  const copy = join(dirname(file), `config.edit-${newId()}.json`);
  try {
    makeDirectory(dirname(file), 0o700);
    writeFileSync(copy, start, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw new UsageError(`the config file cannot be edited: ${(error as Error).message}`);
  }
  let isKept = false;
  try {
    const edited = await validText(copy, file, to);
    if (edited === null || edited === start) {
      say(to, "nothing was changed", "yellow");
      return null;
    }
    await changeConfigFile(file, (now) => {
      if (now === before) return edited;
      isKept = true;
      throw new Refusal(
        "LIVEOPS_WRONG_STATE",
        `the config file was changed meanwhile; your text is in ${copy}`,
        {},
        { status: 409, title: "Conflict", summary: "Not changed" },
      );
    });
    return changedKeys(start, edited);
  } finally {
    if (!isKept) rmSync(copy, { force: true });
  }
}

/** The text of the copy once it is valid; null: the person throws it away. */
async function validText(copy: string, file: string, to: ReportTo): Promise<string | null> {
  for (;;) {
    openEditor(copy);
    const text = readFileSync(copy, "utf8");
    const problems = configProblems(text).map((problem) => problemLine(file, problem));
    if (problems.length === 0) return text;
    if (!(process.stdin.isTTY && process.stderr.isTTY))
      throw new UsageError(problems.join("\n"), "nothing was changed");
    say(to, problems.join("\n"));
    if (!(await wantsAgain())) return null;
  }
}

function openEditor(copy: string): void {
  const editor = process.env.VISUAL || process.env.EDITOR || "vi";
  // As a shell command: `code --wait` is an editor too.
  const { status, signal, error } = spawnSync("/bin/sh", ["-c", `${editor} "$1"`, "sh", copy], {
    stdio: "inherit",
  });
  if (error) throw new UsageError(`the editor ${editor} cannot be started: ${error.message}`);
  if (status === 127)
    throw new UsageError(`there is no editor ${editor}`, "set EDITOR, such as: EDITOR=nano");
  if (status !== 0)
    throw new UsageError(`nothing was changed: the editor ended with ${signal ?? `exit code ${status}`}`);
}

async function wantsAgain(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("n")));
  const asked = terminal.question("Edit again? Otherwise the changes are thrown away. [Y/n] ");
  try {
    return !/^n/i.test((await Promise.race([asked, closed])).trim());
  } finally {
    terminal.close();
  }
}

function changedKeys(before: string, after: string): Array<keyof Config> {
  const [old, now] = [before, after].map(settingsIn) as [Config, Config];
  return CONFIG_KEYS.filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]));
}

/** Empty where the text is not valid. */
function settingsIn(text: string): Config {
  try {
    return JSON.parse(text) as Config;
  } catch {
    return {};
  }
}
