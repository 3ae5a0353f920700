/**
 * The values of secret params. The record has only where a value comes from: `env:NAME`,
 * `file:PATH`, or `prompt:`, a value that was typed at the submit.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { Failure, withDetails } from "../../attempt/failure.js";
import { handedSecret } from "../../secrets/handed-secrets.js";
import { SHORTEST_SECRET } from "../../secrets/secret-forms.js";
import type { Pipeline } from "../definition.js";

/** Most bytes of a secret: it reaches commands as an environment variable. */
const MAX_SECRET_BYTES = 64 * 1024;

/**
 * @param params - parsed; a secret is its reference
 * @param id - of the operation, for error messages
 * @throws Failure LIVEOPS_SECRET_MISSING; no message contains a value
 */
export function readSecrets(
  pipeline: Pipeline,
  params: Readonly<Record<string, unknown>>,
  id: string,
): Map<string, string> {
  const secrets = new Map<string, string>();
  for (const { name, secret } of pipeline.params) {
    const reference = params[name];
    if (!secret || reference === undefined) continue;
    const missing = (why: string, again?: string) => {
      const hint = again === undefined ? "" : ` with: ${again}`;
      const failure = new Failure("LIVEOPS_SECRET_MISSING", `the secret ${name} ${why}${hint}`);
      if (again !== undefined) withDetails(failure, { again });
      // The stack shows only liveops.
      delete failure.stack;
      return failure;
    };
    const value = readSecret(String(reference), id, missing);
    if (value.includes("\0"))
      throw missing("contains a null character, which no environment variable can hold");
    if (value.length < SHORTEST_SECRET)
      throw missing(
        `has fewer than ${SHORTEST_SECRET} characters: so short a text cannot be kept out of the log`,
      );
    secrets.set(name, value);
  }
  return secrets;
}

/** @param again - the command that gives the value again */
type Missing = (why: string, again?: string) => Failure;

function readSecret(reference: string, id: string, missing: Missing): string {
  const [, kind, rest = ""] = /^(env|file|prompt):(.*)$/s.exec(reference) ?? [];
  if (kind === "file") return readSecretFile(rest, missing);
  if (kind === "env") {
    const value = handedSecret(reference) ?? process.env[rest];
    if (value !== undefined && value !== "") return value;
    throw missing(
      `is the variable ${rest} of the submit, and its value is not there: it was not set, or is lost, ` +
        "because it is kept in memory only; give it again",
      `${rest}=… liveops retry ${id}`,
    );
  }
  if (kind === "prompt") {
    const value = handedSecret(reference);
    if (value !== undefined && value !== "") return value;
    throw missing(
      "was typed at the submit, and its value is not there: " +
        "it is kept in memory only, and a restart of the computer loses it; type it again",
      `liveops retry ${id}`,
    );
  }
  throw missing(`must be env:NAME, file:PATH or prompt:, so that its value is not stored`);
}

/** The path of the file that `file:` names. */
export function secretFile(path: string, home = "~", cwd = "."): string {
  return resolve(cwd, path.replace(/^~(?=\/)/, home));
}

/** The text of the file without the line end at its end, as `$(cat FILE)` has it. */
function readSecretFile(path: string, missing: Missing): string {
  const file = secretFile(path, process.env.HOME);
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw missing(
      `cannot be read: ${code === "ENOENT" ? `there is no file ${file}` : `${file}: ${code}`}`,
    );
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw missing(`cannot be read: ${file} is not a regular file`);
    if (stat.size > MAX_SECRET_BYTES)
      throw missing(`is too large: ${file} has ${stat.size} bytes, more than ${MAX_SECRET_BYTES}`);
    const bytes = Buffer.alloc(stat.size);
    const text = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)).toString("utf8");
    return text.replace(/\r?\n$/, "");
  } finally {
    closeSync(fd);
  }
}
