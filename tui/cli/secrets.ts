/**
 * Values of secret parameters for a submit. A parameter has only where its value comes from:
 * `env:NAME`, a variable of this shell, or `prompt:`, which is typed here. The values are sent
 * beside the parameters, and are never stored.
 */
import type { Variables } from "../../protocol/environment.js";
import { UsageError } from "../../protocol/failures.js";
import type { SecretValues } from "../kit/secret-values.js";

const ENV = /^env:([A-Za-z_][A-Za-z0-9_]*)$/;
const PROMPT = /^prompt:([A-Za-z_][A-Za-z0-9_]*)$/;

/** `token=prompt:` as `token=prompt:token`, so that each prompt has a name. */
export function namedPrompts(words: readonly string[]): string[] {
  return words.map((word) => word.replace(/^([A-Za-z_][A-Za-z0-9_]*)=prompt:$/, "$1=prompt:$1"));
}

/**
 * The values of all references in the words and the parameters. Whether a parameter is a secret is
 * known to the type alone, so the value of any text of this form is found; that of another
 * parameter is not used.
 *
 * @throws UsageError where a value must be typed, and there is no terminal
 */
export async function secretValues(
  words: readonly string[],
  params: unknown,
  env: Variables = process.env,
): Promise<SecretValues> {
  const texts = [...words.map((word) => word.slice(word.indexOf("=") + 1)), ...textsIn(params)];
  const values: SecretValues = {};
  for (const reference of new Set(texts)) {
    const name = ENV.exec(reference)?.[1];
    const value = name === undefined ? undefined : env[name];
    if (value !== undefined && value !== "") values[reference] = value;
    const asked = PROMPT.exec(reference)?.[1];
    if (asked !== undefined) values[reference] = await askSecret(asked);
  }
  return values;
}

/** A secret that a person types. @throws UsageError where there is no terminal */
export async function askSecret(name: string): Promise<string> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError(
      `the secret ${name} must be typed, and this is no terminal`,
      `give ${name}=env:NAME or ${name}=file:PATH`,
    );
  return await readHidden(`${name}: `);
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

const CTRL_C = "\x03";
const CTRL_D = "\x04";
const CTRL_U = "\x15";

/**
 * @param prompt - written to stderr
 * @throws Error after Ctrl-D; Ctrl-C ends the process as the signal does
 */
function readHidden(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.resume();
  return new Promise((resolve, reject) => {
    let text = "";
    const end = () => {
      stdin.off("data", read);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
    };
    const read = (chunk: string) => {
      for (const letter of chunk) {
        if (letter === "\r" || letter === "\n") {
          end();
          return resolve(text);
        }
        if (letter === CTRL_C) {
          end();
          return void process.kill(process.pid, "SIGINT");
        }
        if (letter === CTRL_D && text === "") {
          end();
          return reject(new Error("no secret was typed"));
        }
        if (letter === "\x7f" || letter === "\b") text = [...text].slice(0, -1).join("");
        else if (letter === CTRL_U) text = "";
        else if (letter >= " ") text += letter;
      }
    };
    stdin.on("data", read);
  });
}
