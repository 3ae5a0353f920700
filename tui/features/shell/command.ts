/**
 * `liveops shell`: the person's own shell where a stage of a finished operation ran, with what the
 * stage had.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { remoteOf } from "../../../protocol/client/address.js";
import type { Client } from "../../../protocol/client/client.js";
import { UsageError } from "../../../protocol/failures.js";
import type { Operation } from "../../../protocol/operation.js";
import { paintFor } from "../../../protocol/text/colour.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import { namedOrNewest } from "../../cli/arguments.js";
import { connectOrStart } from "../../cli/connection.js";
import { inPipelineBundle } from "../../cli/pipeline-argument.js";
import type { Place, StageShell } from "../../cli/run/stage-shell.js";
import { addCommand } from "../../kit/options.js";
import type { ReportTo } from "../../kit/report.js";
import { afterShell } from "./after-shell.js";
import { codeShell, isWhereItFailed, placeOf, placeText, stateOf } from "./place.js";
import { hasHistory, startShell } from "./start-shell.js";

export function registerShell(root: Command): void {
  addCommand(root, "shell", "Open your shell where a stage of a finished operation ran", [
    "liveops shell",
    "liveops shell k3f",
    "liveops shell k3f --stage Check/unit",
  ])
    .argument(
      "[id]",
      "Operation id, a unique prefix of 3 or more characters, or a label (default: the newest)",
    )
    .option("--stage <stage>", "The stage, or Stage/step (default: where the operation failed)")
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { client, options, to } = await connectOrStart<{ stage?: string }>(command);
      const stage = options.stage === undefined ? [] : ["--stage", options.stage];
      const words = ["shell", ...(id === undefined ? [] : [id]), ...stage];
      if (!process.stdin.isTTY || !process.stderr.isTTY)
        throw new UsageError(
          `a shell needs a terminal, and this is none; in a terminal run: ${shellLine(["liveops", ...words])}`,
        );
      const remote = remoteOf(client.socket);
      if (remote !== null) {
        process.exitCode = await remote.onTerminal(words);
        return;
      }
      // Another call, for parameters that a list leaves out.
      const record = await client.show((await namedOrNewest(client, id)).id);
      await open(client, record, placeOf(record, options.stage), to);
    });
}

async function open(client: Client, record: Operation, place: Place, to: ReportTo): Promise<void> {
  const reply = await client.shell(record.id);
  checkDirectory(record.cwd, record);
  const isPipeline = reply.source !== null || record.op === "pipeline";
  const dir = mkdtempSync(join(tmpdir(), "liveops-shell-"));
  const clean = () => rmSync(dir, { recursive: true, force: true });
  process.once("exit", clean);
  // The terminal was closed.
  process.once("SIGHUP", () => process.exit(129));
  try {
    const outputFile = join(dir, "output");
    writeFileSync(outputFile, "", { mode: 0o600 });
    process.chdir(record.cwd);
    const stage = isPipeline
      ? await inPipelineBundle(({ stageShell }) => stageShell(record, reply, place, outputFile))
      : codeShell(record, reply.env, place);
    checkDirectory(stage.cwd, record);
    const failed = isWhereItFailed(record, place) ? (record.error?.command ?? null) : null;
    const history = [stage.command, failed].filter((line) => line !== null);
    const shell = process.env.SHELL || "/bin/sh";
    introduce(record, place, stage, history.at(-1) ?? null, hasHistory(shell));
    await startShell({
      shell,
      cwd: stage.cwd,
      env: stage.env,
      dir,
      history: [...new Set(history)],
      mark: `liveops ${placeText(place) ?? record.op}`,
    });
    if (record.state === "succeeded") return;
    const types = isPipeline ? [] : (await client.types()).ops;
    await afterShell({
      client,
      record,
      to,
      outputs: stage.outputs,
      place: placeText(place),
      isResumable: isPipeline || types.some(({ op, resumable }) => op === record.op && resumable),
      written: () =>
        inPipelineBundle(({ writtenOutputs }) => writtenOutputs(outputFile, stage.outputs)),
    });
  } finally {
    clean();
  }
}

/** @throws UsageError where the directory is gone */
function checkDirectory(dir: string, { id }: Operation): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UsageError(
    `the directory ${dir} does not exist any more; make it again: ${shellLine(["mkdir", "-p", dir])}, then: liveops shell ${id}`,
  );
}

/** What the person has to know before the first prompt. */
function introduce(
  record: Operation,
  place: Place,
  { cwd, leftOut, command }: StageShell,
  failed: string | null,
  isInHistory: boolean,
): void {
  const paint = paintFor(process.stderr);
  const { op, id, attempt, error, state } = record;
  const at = placeText(place);
  const isFailure = state === "failed" && error !== null && isWhereItFailed(record, place);
  const stateHere = stateOf(record, place) ?? state;
  const lines = [
    `${op} ${id}, attempt ${attempt}${at === null ? "" : `, ${at}`}: ${isFailure ? firstLine(error.message) : stateHere}`,
    `directory ${cwd}; variables${command === null ? "" : ", parameters and outputs"} as in a run`,
    ...leftOut.map((text) => `left out: ${text}`),
    ...(failed === null ? [] : [`$ ${failed}`]),
    ...(failed !== null && isInHistory ? ["the up key has this command"] : []),
    ...(state === "succeeded" ? [] : ["when the shell ends, liveops asks how to go on"]),
  ];
  for (const line of lines)
    process.stderr.write(`${paint("dim", sanitize(line, { newlines: true }))}\n`);
}
