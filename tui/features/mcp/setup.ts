/** `liveops mcp setup`: writes the entry of the server into the configuration of a client. */
import { existsSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse as parseToml, patch } from "@decimalturn/toml-patch";
import {
  applyEdits,
  modify,
  type ParseError,
  parse,
  printParseErrorCode,
} from "jsonc-parser/lib/esm/main.js";
import { UsageError } from "../../../protocol/failures.js";
import { isPlainObject } from "../../../protocol/objects.js";
import { packageOf } from "../../../protocol/system/package-place.js";
import { replaceFileSync } from "../../../protocol/system/replace-file.js";
import { nearest } from "../../../protocol/text/nearest.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { CLIENTS, fileOf, type McpClient } from "./clients.js";

const NAME = "liveops";
const FORMAT = { formattingOptions: { insertSpaces: true, tabSize: 2 } };

export interface SetupOptions {
  project?: boolean;
  print?: boolean;
  remove?: boolean;
}

/**
 * @throws UsageError for a client that is unknown or not here, and for a file that cannot be read
 */
export function setup(name: string | undefined, options: SetupOptions): void {
  const directory = options.project ? process.cwd() : null;
  for (const client of chosen(name, directory)) {
    const file = fileOf(client, directory);
    if (file === null)
      throw new UsageError(`${client.title} has no file in a project; leave out --project`);
    const entry = client.entry(launch());
    if (options.print) {
      process.stdout.write(`# ${file}\n${changed(client, "", entry)}`);
      continue;
    }
    const before = existsSync(file) ? readFileSync(file, "utf8") : "";
    const after = inFile(file, () => changed(client, before, options.remove ? undefined : entry));
    if (after !== before) {
      mkdirSync(dirname(file), { recursive: true });
      // A file that is a link stays one.
      replaceFileSync(existsSync(file) ? realpathSync(file) : file, after);
    }
    process.stdout.write(`${sentence(client, file, after !== before, options)}\n`);
  }
}

function sentence(
  { title, check }: McpClient,
  file: string,
  isChanged: boolean,
  { remove }: SetupOptions,
): string {
  const place = sanitize(file);
  if (!isChanged)
    return `${title}: ${place} ${remove ? "has no such entry" : "has the entry already"}`;
  if (remove) return `${title}: removed the entry from ${place}`;
  return `${title}: wrote ${place}; restart it, look with ${check}, and ask it: run "make test" with liveops`;
}

/** @throws UsageError for an unknown name, and where no client is here */
function chosen(name: string | undefined, directory: string | null): McpClient[] {
  if (name !== undefined) {
    const client = Object.hasOwn(CLIENTS, name) ? CLIENTS[name] : undefined;
    if (client !== undefined) return [client];
    const [near] = nearest(name, Object.keys(CLIENTS));
    throw new UsageError(
      `there is no client ${JSON.stringify(name)}${near ? `; did you mean ${near}?` : ""}`,
      `clients: ${Object.keys(CLIENTS).join(", ")}`,
    );
  }
  // The directory of its configuration is there once the client has run.
  const here = Object.values(CLIENTS).filter((client) => {
    const file = fileOf(client, null)!;
    return existsSync(file) || (dirname(client.user) !== "." && existsSync(dirname(file)));
  });
  const able = here.filter((client) => fileOf(client, directory) !== null);
  if (able.length > 0) return able;
  throw new UsageError(
    "no client was found in the home directory",
    `name one: liveops mcp setup ${Object.keys(CLIENTS).join("|")}`,
  );
}

/** Full paths: a client that was not started from a shell has another PATH. */
function launch(): { command: string; args: string[] } {
  const dir = packageOf(process.argv[1] ?? "") ?? "";
  return { command: process.execPath, args: [join(dir, "dist/bin/liveops.cjs"), "mcp"] };
}

/** The text with the entry, or without it; all else stays, also comments. */
function changed({ format, key }: McpClient, text: string, entry: object | undefined): string {
  return format === "toml" ? inToml(text, key, entry) : inJson(text, key, entry);
}

function inJson(text: string, key: string, entry: object | undefined): string {
  const errors: ParseError[] = [];
  const before: unknown = parse(text || "{}", errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) throw new Error(printParseErrorCode(error.error));
  if (!isPlainObject(before)) throw new Error("it holds no object");
  const servers = before[key];
  if (entry === undefined && !(isPlainObject(servers) && NAME in servers)) return text;
  return applyEdits(text || "{}\n", modify(text || "{}\n", [key, NAME], entry, FORMAT));
}

function inToml(text: string, key: string, entry: object | undefined): string {
  const before: Record<string, unknown> = parseToml(text);
  const { [NAME]: present, ...others } = isPlainObject(before[key]) ? before[key] : {};
  if (entry === undefined && present === undefined) return text;
  if (present !== undefined)
    return patch(text, {
      ...before,
      [key]: entry === undefined ? others : { ...others, [NAME]: entry },
    });
  const lines = Object.entries(entry ?? {}).map(
    ([name, value]) => `${name} = ${JSON.stringify(value)}`,
  );
  const table = `${[`[${key}.${NAME}]`, ...lines].join("\n")}\n`;
  const after = text === "" ? table : `${text.trimEnd()}\n\n${table}`;
  parseToml(after);
  return after;
}

/** @throws UsageError where the file cannot be read as what it is */
function inFile(file: string, change: () => string): string {
  try {
    return change();
  } catch (error) {
    const why = sanitize((error as Error).message);
    throw new UsageError(
      `${sanitize(file)} cannot be read: ${why}`,
      "mend it, or take the entry of --print",
    );
  }
}
