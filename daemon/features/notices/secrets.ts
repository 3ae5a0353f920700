/** Reads the settings of a channel where they are used, and keeps their secrets out of every message. */
import { Masker } from "../../../ops/secrets/masker.js";
import {
  CHANNEL_KINDS,
  channelKindOf,
  clearTextProblem,
  isReference,
} from "../../../protocol/features/notices/config-channels.js";
import type { Channel } from "../../../protocol/features/notices/setting.js";
import { readRegularFile } from "../../../protocol/system/own-file.js";
import { inHome } from "../../../protocol/system/places.js";
import { percentDecoded } from "../../../protocol/text/percent-encoding.js";

/** Most bytes of a secret's file. */
const MOST_BYTES = 64 * 1024;

/** A shorter part of a URL is an ordinary word. */
const LEAST_OF_URL = 8;

type Env = Record<string, string | undefined>;

export class Secrets {
  /** Hides the values that were read. */
  readonly masker = new Masker();

  constructor(private readonly env: Env) {}

  /**
   * The settings with the values of `env:NAME` and `file:PATH`.
   *
   * @throws Error where a value is missing, or cannot be used
   */
  read(channel: Channel): Record<string, string> {
    const kind = channelKindOf(channel);
    const schema: Checked = CHANNEL_KINDS[kind];
    const settings: Record<string, string> = {};
    for (const [name, text] of Object.entries<string>(channel[kind]!)) {
      const value = isReference(text) ? this.#valueOf(text) : text;
      const problem =
        schema.properties[name]?.check?.(value) ??
        (name === "url" && isReference(text) ? clearTextProblem(value) : null);
      if (problem !== null) throw new Error(`${name} ${problem}`);
      settings[name] = value;
    }
    const problem = schema.check?.(settings) ?? null;
    if (problem !== null) throw new Error(`${kind} ${problem}`);
    return settings;
  }

  #valueOf(text: string): string {
    const [, kind, place = ""] = /^(env|file):(.*)$/s.exec(text)!;
    const value = kind === "env" ? this.#variable(place) : this.#file(place);
    // A server may quote a URL in another case.
    for (const part of [value, ...partsOfUrl(value)])
      for (const form of [part, part.toLowerCase(), part.toUpperCase()]) this.masker.add(form);
    return value;
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

interface Checked {
  check?(settings: Record<string, string>): string | null;
  properties: Record<string, { type: string; check?(value: string): string | null }>;
}

/** What a server, a proxy and fetch quote of a URL. */
function partsOfUrl(text: string): string[] {
  const url = URL.parse(text);
  if (url === null || url.host === "") return [];
  const { href, pathname, search, username, password } = url;
  const segments = [...pathname.split("/"), ...url.searchParams.values()];
  const long = [pathname + search, pathname, search, ...segments].filter(
    ({ length }) => length >= LEAST_OF_URL,
  );
  return [href, ...long, username, password].flatMap((part) => [part, percentDecoded(part)]);
}
