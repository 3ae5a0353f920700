/** Finds the runs that an argument names: an operation of the daemon, or an exported file. */
import { existsSync } from "node:fs";
import type { Client } from "../../../protocol/client/client.js";
import { NotFoundError, UsageError } from "../../../protocol/failures.js";
import { namedOrNewest } from "../../cli/arguments.js";
import { type ReportTo, say } from "../../kit/report.js";
import { readExport } from "./read.js";
import { chainOf, outermostOf, type RunSource, runOf, withInside } from "./source.js";

/** Tells that a part of a file was changed after the export, such as `the log of k3f…`. */
type OnChanged = (file: string, part: string) => void;

export const sayChanged =
  (to: ReportTo): OnChanged =>
  (file, part) =>
    say(to, `${file}: changed after the export: ${part}`, "yellow");

/** An id has only these characters; all else is a file. */
const ID = /^[0-9a-z]+$/;

/** Whether the argument names an exported file: a label may have any characters. */
export const isFile = (name: string): boolean =>
  !ID.test(name) && (existsSync(name) || existsSync(name.replace(/#[0-9a-z]+$/, "")));

/**
 * @param client - null: only a file is meant
 * @param name - an id or a prefix of one, a file, or `FILE#ID` for one operation of a file; undefined: the newest
 * @param chain - all operations of the chain, not only the named one
 * @param wholeFile - all operations of a file, and all inside of an operation; otherwise a file with several of them needs an `#ID`
 */
export async function findRuns(
  client: Client | null,
  name: string | undefined,
  onChanged: OnChanged,
  {
    chain = false,
    wholeFile = false,
    signal,
  }: { chain?: boolean; wholeFile?: boolean; signal?: AbortSignal } = {},
): Promise<readonly RunSource[]> {
  if (client === null || (name !== undefined && !ID.test(name)))
    return fromFile(name ?? "", wholeFile, onChanged);
  const named = await namedOrNewest(client, name);
  // A list leaves out large values and the names of the variables.
  const record = name === undefined ? await client.show(named.id, signal) : named;
  const records = chain ? await chainOf(client, record, signal) : [record];
  const all = wholeFile ? await withInside(client, records, signal) : records;
  return all.map((each) => runOf(client, each, signal));
}

async function fromFile(
  name: string,
  wholeFile: boolean,
  onChanged: OnChanged,
): Promise<readonly RunSource[]> {
  const [, path = name, id] = existsSync(name) ? [] : (/^(.*)#([0-9a-z]+)$/.exec(name) ?? []);
  if (!existsSync(path))
    throw new NotFoundError(`${JSON.stringify(path)} is neither an operation id nor a file that exists`);
  const { runs, changed } = await readExport(path);
  for (const part of changed) onChanged(path, part);
  if (id === undefined && wholeFile) return runs;
  const fitting = (id === undefined ? outermostOf(runs) : runs).filter(({ record }) =>
    record.id.startsWith(id ?? ""),
  );
  if (fitting.length === 1) return fitting;
  const ids = runs.map(({ record }) => record.id).join(", ");
  if (fitting.length === 0) throw new NotFoundError(`${path} has no operation ${id}; it has ${ids}`);
  throw new UsageError(
    `${path} has ${runs.length} operations: ${ids}`,
    `name one of them: ${path}#${runs[0]!.record.id}`,
  );
}
