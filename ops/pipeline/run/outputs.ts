/**
 * Reads the outputs of a stage: lines `name=value` that its script wrote to the file
 * `$LIVEOPS_OUTPUT`.
 *
 * A value of several lines has the form of GitHub Actions: `name<<WORD`, the lines, and a line that
 * is only `WORD`.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { Masker } from "../../secrets/masker.js";
import { ValueError } from "../template.js";

/** Most bytes of the file: the outputs are part of the record. */
const MAX_OUTPUT_BYTES = 64 * 1024;

/** The lines of the file are wrong; the message names the line. */
export class OutputError extends ValueError {}

/**
 * @param declared - the names under `outputs` of the stage
 * @param masker - for messages; the values are as they were written
 * @param reported - the values of `liveops report output`; a value of the file comes after them
 * @throws OutputError for an undeclared name, a declared one that is missing, a bad line, or too
 *   much text
 */
export function readOutputs(
  file: string,
  declared: readonly string[],
  masker: Masker,
  reported: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const unknown = Object.keys(reported).find((name) => !declared.includes(name));
  if (unknown !== undefined) throw undeclared("liveops report", unknown, declared);
  const outputs = { ...reported, ...parseOutputs(textOf(file), declared, masker) };
  const missing = declared.filter((name) => !Object.hasOwn(outputs, name));
  if (missing.length > 0)
    throw new OutputError(
      `the stage declares the output ${missing.join(", ")}, and its command did not write it: echo "${missing[0]}=…" >>"$LIVEOPS_OUTPUT"`,
    );
  return outputs;
}

/** The outputs that a failed command has written, for `finally`; none if the file is wrong. */
export function readWrittenOutputs(
  file: string,
  declared: readonly string[],
): Record<string, string> {
  try {
    return parseOutputs(textOf(file), declared, new Masker());
  } catch {
    return {};
  }
}

/** The last value of a name counts. */
function parseOutputs(
  text: string,
  declared: readonly string[],
  masker: Masker,
): Record<string, string> {
  const bad = (at: number, line: string, why: string) =>
    new OutputError(`line ${at} of $LIVEOPS_OUTPUT, ${masker.quoted(line, 80)}: ${why}`);
  const outputs: Record<string, string> = {};
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (let n = 0; n < lines.length; n++) {
    const at = n + 1;
    const line = lines[n] as string;
    if (line.trim() === "") continue;
    const [, name, sign, rest] = /^([A-Za-z_][A-Za-z0-9_]*)(=|<<)(.*)$/s.exec(line) ?? [];
    if (name === undefined)
      throw bad(at, line, 'it must be name=value, or name<<END with the lines and "END" below');
    if (!declared.includes(name)) throw undeclared(`line ${at} of $LIVEOPS_OUTPUT`, name, declared);
    let value = rest as string;
    if (sign === "<<") {
      const end = lines.indexOf(value, n + 1);
      if (value === "") throw bad(at, line, "a word must follow <<");
      if (end === -1) throw bad(at, line, `no line ${masker.quoted(value, 40)} ends it`);
      value = lines.slice(n + 1, end).join("\n");
      n = end;
    }
    if (value.includes("\0")) throw bad(at, line, "a value must not contain a null character");
    // Not an assignment, because a name may be __proto__.
    Object.defineProperty(outputs, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return outputs;
}

function undeclared(where: string, name: string, declared: readonly string[]): OutputError {
  const known = declared.length === 0 ? "declares none" : `declares ${declared.join(", ")}`;
  return new OutputError(
    `${where} sets the output "${name}", and the stage ${known}: add it to outputs`,
  );
}

/** The text of the file, bounded. The script may have put anything in its place. */
function textOf(file: string): string {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    // Removed by the script: nothing was written.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new OutputError(`$LIVEOPS_OUTPUT cannot be read: ${(error as Error).message}`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new OutputError("$LIVEOPS_OUTPUT is not a regular file any more");
    if (stat.size > MAX_OUTPUT_BYTES)
      throw new OutputError(
        `$LIVEOPS_OUTPUT has ${stat.size} bytes, more than ${MAX_OUTPUT_BYTES}: write large values to a file and output its path`,
      );
    const bytes = Buffer.alloc(stat.size);
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)).toString("utf8");
  } finally {
    closeSync(fd);
  }
}
