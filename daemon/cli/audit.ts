/** `liveopsd audit [-n N] [--json]`: prints the newest lines of the audit log. Needs no running daemon. */
import { type Command, InvalidArgumentError } from "commander";
import type { AuditLine } from "../../protocol/audit.js";
import { NotFoundError } from "../../protocol/command/failures.js";
import { addCommand, allOptions, commandPlaces, type GlobalOptions } from "../../protocol/command/options.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import { IrregularFileError, readOwnFile } from "../../protocol/own-file.js";
import { layoutOf } from "../store/layout.js";

export function registerAudit(root: Command): void {
  const command = addCommand(
    root,
    "audit",
    "Show who changed operations, made backups or stopped the daemon",
    ["liveopsd audit", "liveopsd audit -n 1000 --json"],
  );
  command
    .option("-n, --lines <n>", "Show the newest <n> lines", lineCount, 100)
    .option("--json", "Print one JSON object per line")
    .action(() => {
      const options = allOptions<GlobalOptions & { lines: number; json?: boolean }>(command);
      const { audit, olderAudit } = layoutOf(commandPlaces(options).stateDir);
      const lines = [...readLines(olderAudit), ...readLines(audit)];
      const newest = lines.slice(Math.max(0, lines.length - options.lines));
      const write = options.json ? (line: AuditLine) => JSON.stringify(line) : describe;
      process.stdout.write(newest.map((line) => `${write(line)}\n`).join(""));
    });
}

function lineCount(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0) throw new InvalidArgumentError("Give a whole number, 0 or more.");
  return n;
}

/** The complete lines of a file; none if the file is missing. */
function readLines(file: string): AuditLine[] {
  let text: string;
  try {
    text = readOwnFile(file).toString("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    if (!(error instanceof IrregularFileError)) throw error;
    throw new NotFoundError(
      `there is no audit log: ${error.message}; liveopsd restart moves that file aside and starts a new log`,
    );
  }
  return text.split("\n").flatMap((line) => parse(line) ?? []);
}

/** Null for an incomplete line: the disk was full, or the daemon was killed. */
function parse(line: string): AuditLine | null {
  try {
    const value = JSON.parse(line) as AuditLine;
    return typeof value.at === "string" && Array.isArray(value.ids) ? value : null;
  } catch {
    return null;
  }
}

function describe({ at, action, ids, count, result, uid, client, details }: AuditLine): string {
  const more = count > ids.length ? ` and ${count - ids.length} more` : "";
  const said = Object.entries(details ?? {}).map(([name, value]) => `${name}=${value}`);
  const what = [...ids, ...said].join(" ") + more;
  const where = client?.host === undefined ? "" : ` on ${client.host}`;
  const who = client
    ? `pid ${client.pid}${where} (${client.command})${suspicion(uid, client)}`
    : "no client named";
  return sanitize(`${at} ${action.padEnd(6)} ${result} ${what || "-"} by uid ${uid ?? "?"}, ${who}`);
}

/** Says how the process that the client names contradicts the claim. */
function suspicion(uid: number | null, { process, host }: NonNullable<AuditLine["client"]>): string {
  if (host !== undefined) return "";
  if (process === null) return ", no such process";
  return process.uid === uid || process.uid === 0 ? "" : `, a process of uid ${process.uid}`;
}
