/** `liveops why`: why an operation failed, waits, or is unusual. */
import { type Command, Option } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import { NotFoundError } from "../../../protocol/failures.js";
import { type Paint, paintFor } from "../../../protocol/text/colour.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import type { Why } from "../../../protocol/why.js";
import { connectFor } from "../../cli/connection.js";
import { describeWhy, type WhyLook, whyMarkdown } from "../../describe/why.js";
import { newestToExplain } from "../../kit/newest-to-explain.js";
import { addCommand } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import { printLines } from "../../kit/output/print.js";
import type { ReportTo } from "../../kit/report.js";
import { stateColour, stateGlyph } from "../../terminal/glyphs.js";
import { diffRuns } from "../export/diff.js";
import { diffLines } from "../export/diff-text.js";
import { findRuns, isFile, sayChanged } from "../export/find-runs.js";

interface WhyOptions {
  json?: boolean;
  markdown?: boolean;
  against?: string;
}

export function registerWhy(root: Command): void {
  addCommand(root, "why", "Tell why an operation failed, waits or is unusual, and what has changed", [
    "liveops why",
    "liveops why k3f",
    "liveops why k3f --markdown > ticket.md",
    "liveops why k3f --json | jq .changes",
    "liveops why run.json",
    "liveops why k3f --against h00",
  ])
    .argument(
      "[id]",
      "Operation id, a unique prefix, a label, or an exported file (default: the newest that failed, else the newest that waits)",
    )
    .option("--json", "Print it as one JSON value")
    .addOption(new Option("--markdown", "Print it as Markdown, for a ticket").conflicts("json"))
    .addOption(
      new Option(
        "--against <run>",
        "Compare it with another run: an id, a file, or FILE#ID for one operation of a file with a chain",
      ).conflicts("markdown"),
    )
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<WhyOptions>(command);
      if (options.against !== undefined) {
        const [other] = await findRuns(client, options.against, sayChanged(to));
        const [run] = await findRuns(client, id ?? (await newestToExplain(client)), sayChanged(to));
        const difference = await diffRuns(other!, run!);
        printLines(options.json ? [jsonLine(difference)] : diffLines(difference, paintFor(process.stdout)));
        return;
      }
      const why = await whyOf(client, id, to);
      if (options.json) printLines([jsonLine(why)]);
      else if (options.markdown) printLines([whyMarkdown(why, sanitize).trimEnd()]);
      else printLines(whyLines(why, paintFor(process.stdout)));
    });
}

async function whyOf(client: Client, id: string | undefined, to: ReportTo): Promise<Why> {
  if (id === undefined) return client.why(await newestToExplain(client));
  if (!isFile(id)) return client.why(id);
  const [run] = await findRuns(client, id, sayChanged(to));
  const why = await run!.why();
  if (why !== null) return why;
  throw new NotFoundError(
    `${id} does not tell why: the operation had not failed, or an older liveops wrote the file; it shows the run: liveops-tui ${id}`,
  );
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
