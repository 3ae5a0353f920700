/** The options of a command that prints records: `--output`, `--columns`, `--sort`, `--no-header`, `--time`, `--json`. */
import { type Command, Option } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import { givenColumns, givenSort } from "./columns.js";
import { jsonLine } from "./json.js";
import type { CellContext, Column, TableSpec } from "./table.js";
import { TIME_STYLES, type TimeStyle } from "./time.js";

export const LIST_FORMATS = ["table", "wide", "json", "jsonl", "name"] as const;
/** Formats of a command that prints the records it changed. */
const RESULT_FORMATS = ["json", "jsonl", "name"] as const;
export type OutputFormat = (typeof LIST_FORMATS)[number];

export interface OutputOptions {
  output?: OutputFormat;
  json?: boolean;
  wide?: boolean;
  time?: TimeStyle;
}

export interface ListOutputOptions extends OutputOptions {
  columns?: string;
  sort?: string;
  header?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: the documentation reads only names and meanings
type AnySpec = TableSpec<any, any>;
const specs = new WeakMap<Command, AnySpec>();

/** The columns of a command, for its documentation and completion; null: it has no table. */
export function tableOf(command: Command): AnySpec | null {
  return specs.get(command) ?? null;
}

/**
 * @param json - description of `--json`
 * @param times - how times are printed without `--time`; null: no column is a time. Default: relative
 */
export function addListOptions<C extends CellContext, T>(
  command: Command,
  spec: TableSpec<T, C>,
  json: string,
  { times = "relative" }: { times?: string | null } = {},
): Command {
  specs.set(command, spec as AnySpec);
  const names = spec.columns.map(({ name }) => name);
  addFormat(command, LIST_FORMATS, "Form of the output")
    .option("--columns <names>", "Columns of the table, in this order, separated by commas")
    .option("--sort <names>", "Sort by these columns, separated by commas; a - before a name reverses")
    .option("--no-header", "Print no titles above the table")
    .addHelpText("after", `\nColumns:\n${wrapped(names)}`);
  if (times !== null) addTime(command, times);
  return command.option("--json", json);
}

/** Names in lines of at most 78 columns, for the help. */
function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + name.length < 75) lines[lines.length - 1] = `${last}, ${name}`;
    else lines.push(name);
  }
  return lines.map((line, i) => `  ${line}${i < lines.length - 1 ? "," : ""}`).join("\n");
}

/** @param json - description of `--json` */
export function addResultOptions(command: Command, json: string): Command {
  return addFormat(command, RESULT_FORMATS, "Form of the output (default: text)").option("--json", json);
}

/** The line of a changed record: its name, unless the options ask for JSON. @param text - instead of the name */
export function resultLine(options: OutputOptions, record: object, name: string, text = name): string {
  if (wantsJson(options)) return `${jsonLine(record)}\n`;
  return `${givenFormat(options) === "name" ? name : text}\n`;
}

/** Prints the line on stdout. */
export function printResult(...result: Parameters<typeof resultLine>): void {
  process.stdout.write(resultLine(...result));
}

/** Checks the options before the command changes anything. @throws UsageError where they contradict each other */
export function checkResultOptions(options: OutputOptions & { follow?: boolean }): void {
  if (givenFormat(options) === "name" && options.follow)
    throw new UsageError("--follow and --output name contradict each other; give one of them");
}

/** Whether the output is JSON. @throws UsageError where the options contradict each other */
export function wantsJson(options: OutputOptions): boolean {
  const format = givenFormat(options);
  return format === "json" || format === "jsonl";
}

export function addFormat(command: Command, formats: readonly OutputFormat[], description: string): Command {
  return command.addOption(new Option("-o, --output <format>", description).choices(formats));
}

export function addTime(command: Command, otherwise: string): Command {
  const description = `Style of times (default: ${otherwise})`;
  return command.addOption(new Option("--time <style>", description).choices(TIME_STYLES));
}

/** What the options ask for; null: nothing. @throws UsageError where they contradict each other */
export function givenFormat({ output, json = false, wide = false }: OutputOptions): OutputFormat | null {
  const isJson = output === "json" || output === "jsonl";
  if (output !== undefined && json && !isJson) throw contradiction("--json", output);
  if (output !== undefined && wide && output !== "wide") throw contradiction("--wide", output);
  if (output !== undefined) return output;
  return json ? "json" : wide ? "wide" : null;
}

function contradiction(option: string, output: string): UsageError {
  return new UsageError(`${option} and --output ${output} contradict each other; give one of them`);
}

/** How a list is printed. */
export interface ListOutput<T, C extends CellContext> {
  format: OutputFormat;
  chosen: ReadonlyArray<Column<T, C>> | null;
  sort: ReturnType<typeof givenSort<T, C>>;
  header: boolean;
  time: TimeStyle;
}

/** @throws UsageError where the options contradict each other, or name what is not there */
export function givenListOutput<T, C extends CellContext>(
  options: ListOutputOptions,
  spec: TableSpec<T, C>,
): ListOutput<T, C> {
  const format = givenFormat(options) ?? "table";
  const chosen = givenColumns(spec, options.columns);
  if (chosen !== null && format !== "table" && format !== "wide")
    throw new UsageError(
      `--columns needs a table, not ${options.output === undefined ? "--json" : `--output ${format}`}`,
      "to choose fields of JSON: … --json | jq '.[] | {id, state}'",
    );
  return {
    format,
    chosen,
    sort: givenSort(spec, options.sort),
    header: options.header !== false,
    time: options.time ?? "relative",
  };
}
