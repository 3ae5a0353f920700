/**
 * The file by which a service manager starts the daemon: what it says, and whether it is still as `liveopsd install`
 * wrote it.
 *
 * A line of the file has its origin as JSON, with a hash of all other lines. A file without this line, or with other
 * lines than these, has an author of its own and is not replaced unasked.
 */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, realpathSync, type Stats } from "node:fs";
import { delimiter, join } from "node:path";
import { nameMatcher } from "../../../../protocol/environment.js";

/** What the service manager runs. All paths are absolute. */
export interface ServiceSpec {
  /** Node and its flags. */
  node: string[];
  /** Of `liveopsd`. */
  script: string;
  /** The options of `start`, beside those of every service. */
  options: string[];
  env: Record<string, string>;
  stateDir: string;
  /** Version of liveops. */
  version: string;
}

/** The words of the program that a service runs. */
export function commandOf({ node, script, options }: ServiceSpec): string[] {
  return [...node, script, "start", "--foreground", "--take-over", ...options];
}

/** Where a file of a service comes from. */
export interface Origin {
  version: string;
  stateDir: string;
  /** Node, and the script of `liveopsd`. */
  program: [node: string, script: string];
  /** The options of `start`, beside those of every service. */
  options: string[];
}

export type ServiceFile =
  | { state: "absent" }
  /** As `install` wrote it. */
  | { state: "ours"; text: string; origin: Origin }
  /** Written by `install`, and changed since. */
  | { state: "changed"; text: string; origin: Origin }
  /** Written by somebody else. `text` is null for a link, a directory and a file that cannot be read. */
  | { state: "foreign"; text: string | null };

/**
 * Variables of the shell that runs `install` which the service gets: places of liveops, and what every program needs.
 * The service manager has the others of the base itself.
 */
const KEPT_VARIABLES = [
  "PATH",
  "LANG",
  "LC_*",
  "TZ",
  "NODE_EXTRA_CA_CERTS",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "LIVEOPS_CONFIG",
  "LIVEOPS_DEBUG",
  "LIVEOPS_OPS",
  "LIVEOPS_SOCKET",
  "LIVEOPS_STATE_DIR",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
];

export function keptVariables(env: Record<string, string | undefined>): Record<string, string> {
  const keeps = nameMatcher(KEPT_VARIABLES);
  const found = Object.entries(env).filter(
    ([name, value]) => keeps(name) && value !== undefined && value !== "",
  );
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1))) as Record<string, string>;
}

const ORIGIN = "liveops: ";

/** Puts a comment with the origin in place of `{origin}` in the text. */
export function withOrigin(text: string, spec: ServiceSpec): string {
  const [before = "", after = ""] = text.split("{origin}\n");
  const { version, stateDir, node, script, options } = spec;
  const program = [node[0], script];
  const hash = hashOf(before + after);
  const json = JSON.stringify({ version, stateDir, program, options, hash });
  return `${before}# ${ORIGIN}${json}\n${after}`;
}

export function readServiceFile(file: string): ServiceFile {
  const stat = entryAt(file);
  if (stat === null) return { state: "absent" };
  const text = stat.isFile() ? textOf(file) : null;
  if (text === null) return { state: "foreign", text: null };
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.includes(ORIGIN));
  const origin = at < 0 ? null : originIn(lines[at]!);
  if (origin === null) return { state: "foreign", text };
  lines.splice(at, 1);
  const isOurs = origin.hash === hashOf(lines.join("\n"));
  return { state: isOurs ? "ours" : "changed", text, origin };
}

/** The services of this user whose file names this state directory, by their names. */
export function servicesFor(dir: string, pattern: RegExp, stateDir: string): string[] {
  let names: string[];
  try {
    names = readdirSync(dir).filter((name) => pattern.test(name));
  } catch {
    return [];
  }
  return names.sort().filter((name) => {
    const file = readServiceFile(join(dir, name));
    return "origin" in file && file.origin.stateDir === stateDir;
  });
}

function originIn(line: string): (Origin & { hash: string }) | null {
  const json = /liveops: (\{.*\})/.exec(line)?.[1];
  try {
    const { version, stateDir, program, options, hash } = JSON.parse(json ?? "") as Record<string, unknown>;
    const [node, script] = Array.isArray(program) ? program : [];
    if (!Array.isArray(options)) return null;
    const texts: unknown[] = [version, stateDir, hash, node, script, ...options];
    if (!texts.every((text) => typeof text === "string")) return null;
    return { version, stateDir, hash, program: [node, script], options } as Origin & { hash: string };
  } catch {
    return null;
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/**
 * The path by which a service starts this Node: that on the `PATH`, if it leads to the same program. An upgrade of Node
 * often replaces the directory with the version in its name.
 */
export function nodeProgram(env: Record<string, string | undefined>, execPath = process.execPath): string {
  const real = realOrNull(execPath);
  for (const dir of (env.PATH ?? "").split(delimiter)) {
    const file = join(dir, "node");
    if (dir.startsWith("/") && real !== null && realOrNull(file) === real) return file;
  }
  return execPath;
}

/** Null where there is none, or none can be: writing the file reports why. */
function entryAt(file: string): Stats | null {
  try {
    return lstatSync(file);
  } catch {
    return null;
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
