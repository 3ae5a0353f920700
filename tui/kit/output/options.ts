/** `--json`: the records of a command in place of its text. */
import { jsonLine } from "./json.js";

export interface OutputOptions {
  json?: boolean;
}

/** The line of a changed record: its text, unless the options ask for JSON. */
export function resultLine({ json }: OutputOptions, record: object, text: string): string {
  return `${json ? jsonLine(record) : text}\n`;
}

/** Prints the line on stdout. */
export function printResult(...result: Parameters<typeof resultLine>): void {
  process.stdout.write(resultLine(...result));
}
