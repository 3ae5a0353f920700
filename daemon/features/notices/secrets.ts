/** Reads the secrets of a channel where they are used, and keeps them out of every message. */
import { readRegularFile } from "../../../protocol/system/own-file.js";
import { inHome } from "../../../protocol/system/places.js";

/** Most bytes of a secret's file. */
const MOST_BYTES = 64 * 1024;

/** Shorter texts are found in ordinary words. */
const LEAST_HIDDEN = 4;

type Env = Record<string, string | undefined>;

export class Secrets {
  readonly #values: string[] = [];

  constructor(private readonly env: Env) {}

  /**
   * The value of `env:NAME` or `file:PATH`; another text is the value itself.
   *
   * @throws Error where there is no value
   */
  valueOf(text: string): string {
    const [, kind, place = ""] = /^(env|file):(.*)$/s.exec(text) ?? [];
    if (kind === undefined) return text;
    const value = kind === "env" ? this.#variable(place) : this.#file(place);
    this.#values.push(value);
    return value;
  }

  /** The text without the secrets that were read. */
  hide(text: string): string {
    return this.#values
      .filter((value) => value.length >= LEAST_HIDDEN)
      .reduce((rest, value) => rest.replaceAll(value, "***"), text);
  }

  #variable(name: string): string {
    const value = this.env[name];
    if (value !== undefined && value !== "") return value;
    throw new Error(
      `the daemon's environment has no variable ${name}: set it where liveopsd starts, or use file:PATH`,
    );
  }

  #file(path: string): string {
    const value = this.#read(path).trim();
    if (value !== "") return value;
    throw new Error(`${path} is empty: write the secret into it`);
  }

  #read(path: string): string {
    try {
      return readRegularFile(inHome(path, this.env), MOST_BYTES).toString("utf8");
    } catch (error) {
      throw new Error(`the secret cannot be read: ${(error as Error).message}`);
    }
  }
}
