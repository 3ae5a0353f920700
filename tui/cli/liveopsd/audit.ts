/** `liveops audit`: prints the newest lines of the audit log. Needs no running daemon. */
import type { Command } from "commander";
import { layoutOf } from "../../../daemon/store/layout.js";
import type { AuditLine } from "../../../protocol/audit.js";
import { NotFoundError } from "../../../protocol/failures.js";
import { IrregularFileError, readOwnFile } from "../../../protocol/system/own-file.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { sinceFrom } from "../../kit/given-duration.js";
import { addDaemonCommand, allOptions, commandPlaces, type GlobalOptions } from "../../kit/options.js";
import { timeColumn } from "../../kit/output/columns.js";
import {
  addListOptions,
  givenFormat,
  givenListOutput,
  type ListOutputOptions,
} from "../../kit/output/options.js";
import { printLines, printList } from "../../kit/output/print.js";
import type { TableSpec } from "../../kit/output/table.js";
import { timeText } from "../../kit/output/time.js";
import { lineCount } from "./logs.js";

const LINES: TableSpec<AuditLine> = {
  columns: [
    timeColumn("at", "Time of the request", ({ at }) => at),
    { name: "action", about: "What was asked", text: (it) => it.action },
    {
      name: "result",
      about: "`done`, or the code of the refusal",
      text: (it) => it.result,
      colour: ({ result }) => (result === "done" ? null : "red"),
    },
    { name: "operations", about: "Ids of the operations", text: operationsOf, atLeast: 12 },
    { name: "details", about: "Other values of the request", text: detailsOf, atLeast: 8, optional: true },
    { name: "uid", about: "User who asked", text: ({ uid }) => String(uid ?? "?"), align: "right" },
    { name: "client", about: "Process that the client names", text: clientOf, atLeast: 12 },
    { name: "key", about: "Idempotency key", text: ({ key }) => key ?? "", only: "wide" },
  ],
  firstToShrink: ["client", "details", "operations"],
  firstToGo: ["key", "uid", "details", "client", "result", "operations"],
};

type AuditOptions = GlobalOptions & ListOutputOptions & AuditFilter & { lines: number };

interface AuditFilter {
  since?: string;
  id?: string;
}

export function registerAudit(root: Command): void {
  const command = addDaemonCommand(
    root,
    "audit",
    "Show who changed operations, made backups or stopped the daemon",
    [
      "liveops audit",
      "liveops audit --since 2h --output table --time absolute",
      "liveops audit --id k3f",
      "liveops audit -n 1000 --json",
    ],
    "none",
  )
    .option("-n, --lines <n>", "Show the newest <n> lines that fit the other options", lineCount, 100)
    .option("--since <time>", "Show only lines since this time, or of the last 10m, 2h or 7d")
    .option("--id <id>", "Show only lines about the operation with this id, or this beginning of an id");
  addListOptions(command, LINES, "Print one JSON object per line", {
    times: "absolute; in a table relative",
  }).action(async () => {
    const options = allOptions<AuditOptions>(command);
    const { columns, sort } = options;
    const isTable = givenFormat(options) !== null || columns !== undefined || sort !== undefined;
    const output = givenListOutput(options, LINES);
    const { stateDir, config } = await commandPlaces(options);
    const { audit, olderAudit } = layoutOf(stateDir);
    const now = Date.now();
    const fits = filterOf(options, now);
    const lines = [...readLines(olderAudit), ...readLines(audit)].filter(fits);
    const records = lines.slice(Math.max(0, lines.length - options.lines));
    if (!isTable) {
      const style = options.time ?? "absolute";
      printLines(records.map((line) => describe(line, timeText(line.at, style, now))));
      return;
    }
    const format = output.format === "json" ? "jsonl" : output.format;
    const nameOf = ({ ids }: AuditLine) => ids;
    const context = { now, time: output.time };
    await printList({ spec: LINES, records, context, nameOf, links: config.links }, { ...output, format });
  });
}

/** @throws UsageError where `since` is neither a duration nor a time */
function filterOf({ since, id = "" }: AuditFilter, now: number): (line: AuditLine) => boolean {
  const from = since === undefined ? Number.NEGATIVE_INFINITY : sinceFrom(since, now);
  return ({ at, ids }) =>
    (since === undefined || Date.parse(at) >= from) && (id === "" || ids.some((each) => each.startsWith(id)));
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
      `there is no audit log: ${error.message}; liveops restart moves that file aside and starts a new log`,
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

function describe(line: AuditLine, at: string): string {
  const { action, result, uid } = line;
  const what = [operationsOf(line), detailsOf(line)].filter((part) => part !== "").join(" ");
  return sanitize(
    `${at} ${action.padEnd(6)} ${result} ${what || "-"} by uid ${uid ?? "?"}, ${clientOf(line)}`,
  );
}

function operationsOf({ ids, count }: AuditLine): string {
  const more = count > ids.length ? [`and ${count - ids.length} more`] : [];
  return [...ids, ...more].join(" ");
}

function detailsOf({ details }: AuditLine): string {
  return Object.entries(details ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function clientOf({ client, uid }: AuditLine): string {
  if (!client) return "no client named";
  const where = client.host === undefined ? "" : ` on ${client.host}`;
  return `pid ${client.pid}${where} (${client.command})${suspicion(uid, client)}`;
}

/** Says how the process that the client names contradicts the claim. */
function suspicion(uid: number | null, { process, host }: NonNullable<AuditLine["client"]>): string {
  if (host !== undefined) return "";
  if (process === null) return ", no such process";
  return process.uid === uid || process.uid === 0 ? "" : `, a process of uid ${process.uid}`;
}
