/** `liveops why`: why an operation failed, waits, or is unusual. */
import { type Command, Option } from "commander";
import { type Paint, paintFor } from "../../../protocol/text/colour.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import type { Why } from "../../../protocol/why.js";
import { connectFor } from "../../cli/connection.js";
import { runOf } from "../../cli/run-source.js";
import { lookAt } from "../../describe/looked.js";
import { describeWhy, type WhyLook, whyMarkdown } from "../../describe/why.js";
import { newestToExplain } from "../../kit/newest-to-explain.js";
import { addCommand } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import { printLines } from "../../kit/output/print.js";
import { stateColour, stateGlyph } from "../../terminal/glyphs.js";
import { diffRuns } from "./diff.js";
import { diffLines } from "./diff-text.js";

interface WhyOptions {
  json?: boolean;
  markdown?: boolean;
  against?: string;
}

export function registerWhy(root: Command): void {
  addCommand(
    root,
    "why",
    "Tell why an operation failed, waits or is unusual, and what has changed",
    [
      "liveops why",
      "liveops why k3f",
      "liveops why k3f --markdown > ticket.md",
      "liveops why k3f --json | jq .changes",
      "liveops why k3f --against h00",
    ],
  )
    .argument(
      "[id]",
      "Operation id, a unique prefix, or a label (default: the newest that failed, else the newest that waits)",
    )
    .option("--json", "Print it as one JSON value")
    .addOption(new Option("--markdown", "Print it as Markdown, for a ticket").conflicts("json"))
    .addOption(
      new Option(
        "--against <id>",
        "Compare it with another operation: id, unique prefix, or label",
      ).conflicts("markdown"),
    )
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { client, options, stateDir } = await connectFor<WhyOptions>(command);
      const { against, json, markdown } = options;
      const named = id ?? (await newestToExplain(client));
      if (against !== undefined) {
        const [other, run] = await Promise.all([client.show(against), client.show(named)]);
        const difference = await diffRuns(runOf(client, other), runOf(client, run));
        return printLines(
          json ? [jsonLine(difference)] : diffLines(difference, paintFor(process.stdout)),
        );
      }
      const why = await client.why(named);
      if (json) return printLines([jsonLine(why)]);
      if (markdown) return printLines([whyMarkdown(why, sanitize).trimEnd()]);
      printLines(whyLines(why, paintFor(process.stdout)));
      lookAt(stateDir, client.socket, await client.show(why.id));
    });
}

const COLOURS: Readonly<Record<WhyLook, Parameters<Paint>[0] | null>> = {
  plain: null,
  bad: "red",
  muted: "dim",
  added: "green",
  removed: "red",
  here: "bold",
  command: null,
};

export function whyLines(why: Why, paint: Paint): string[] {
  const { id, op, state, summary } = why;
  const head = `${paint("bold", id)}  ${sanitize(op)}  ${paint(stateColour(state), `${stateGlyph(state)} ${state}`)}`;
  const sections = describeWhy(why).flatMap(({ title, rows }) => [
    "",
    ...(title === "" ? [] : [paint("dim", sanitize(title))]),
    ...rows.map(({ text, look }) => {
      const line = `  ${sanitize(text)}`;
      const colour = COLOURS[look];
      return colour === null ? line : paint(colour, line);
    }),
  ]);
  return [head, sanitize(summary), ...sections];
}
