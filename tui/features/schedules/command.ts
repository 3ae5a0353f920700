/** `liveops schedule`: adds, lists, removes and runs schedules. */
import { basename } from "node:path";
import { type Command, Option } from "commander";
import { newKey } from "../../../protocol/client/idempotency-key.js";
import { UsageError } from "../../../protocol/failures.js";
import type { ScheduleReply } from "../../../protocol/replies.js";
import type { ScheduleBody, SubmitBody } from "../../../protocol/requests.js";
import { trailingWords } from "../../cli/arguments.js";
import { connectFor, connectOrStart, forEachId } from "../../cli/connection.js";
import { checkCwd } from "../../cli/options/cwd.js";
import { addSubmitOptions, type SubmitFlags } from "../../cli/options/list.js";
import { isPipelineArgument, pipelinePath, pipelineSubmit } from "../../cli/pipeline-argument.js";
import { addDefaultAction } from "../../cli/subcommand.js";
import { afterSubmit } from "../../cli/submit/after-submit.js";
import { submitBody } from "../../cli/submit/command.js";
import { addCommand, everyday } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import { formatLocalTime, formatShortTime } from "../../kit/output/local-time.js";
import type { OutputOptions } from "../../kit/output/options.js";
import { listLines, printLines } from "../../kit/output/print.js";
import type { CellContext, TableSpec } from "../../kit/output/table.js";
import { type ReportTo, say } from "../../kit/report.js";
import { formatDuration } from "../../terminal/format.js";

interface AddOptions extends SubmitFlags {
  name?: string;
  zone?: string;
  catchup?: ScheduleBody["catchup"];
}

/** The columns of a list of schedules. */
export const SCHEDULES: TableSpec<ScheduleReply> = {
  columns: [
    { name: "schedule", text: (it) => it.name, atLeast: 8 },
    { name: "cron", text: (it) => it.cron },
    { name: "zone", text: (it) => it.zone },
    { name: "op", text: opOf, atLeast: 8 },
    { name: "next", text: nextCell },
    { name: "last", text: (it) => it.lastOperation ?? "" },
    {
      name: "note",
      text: noteOf,
      atLeast: 8,
    },
  ],
  firstToShrink: ["note", "op", "schedule"],
  firstToGo: ["note", "zone", "last", "op", "cron", "next"],
};

/** The reply has the body of a submit, of which the schema names the type alone. */
function submitted({ operation }: ScheduleReply): Omit<SubmitBody, "env"> {
  return operation;
}

/** The name of the file for a pipeline: all of them have the type `pipeline`. */
function opOf(schedule: ScheduleReply): string {
  const { op, params } = submitted(schedule);
  if (schedule.file !== null) return basename(schedule.file);
  const isFile = op === "pipeline" && typeof params?.path === "string";
  return isFile ? `${basename(params.path as string)} (frozen)` : op;
}

/** When the next run is, and in which time, where there is room for both. */
function nextCell({ nextAt }: ScheduleReply, { now }: CellContext): string {
  if (nextAt === null) return "";
  const inSeconds = Math.max(0, Math.round((Date.parse(nextAt) - now) / 1000));
  return `${formatShortTime(new Date(nextAt), new Date(now))}, in ${formatDuration(inSeconds)}`;
}

/**
 * What is wrong with the runs, why the last one submitted nothing, or how many were missed in all.
 */
function noteOf({ missing, lastProblem, missed }: ScheduleReply): string {
  if (missing !== null) return missing.text;
  if (lastProblem !== null) return lastProblem;
  return missed === 0 ? "" : `${missed} missed`;
}

export function registerSchedule(root: Command): void {
  const schedule = addCommand(
    root,
    "schedule",
    "Submit an operation at the times of a cron expression",
    [
      `liveops schedule add '0 2 * * *' backup source=. target=/srv --name nightly`,
      "liveops schedule",
      "liveops schedule rm nightly",
    ],
  );
  // Options after the name of a subcommand belong to the subcommand.
  schedule.enablePositionalOptions();
  registerAdd(schedule);
  registerRm(schedule);
  addCommand(schedule, "run", "Submit the operation of a schedule now, and print its id", [
    "liveops schedule run nightly",
    'liveops wait "$(liveops schedule run nightly)" && echo done',
  ])
    .argument("<name>", "Name of the schedule")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, to } = await connectOrStart(command);
      await afterSubmit(client, await client.runSchedule(name, newKey()), {}, to);
    });
  schedule.option("--json", "Print the schedules as a JSON array");
  addDefaultAction(schedule, () => listSchedules(schedule));
}

function registerAdd(schedule: Command): void {
  const add = addCommand(schedule, "add", "Add a schedule, and print its name", [
    `liveops schedule add '0 2 * * *' backup source=. target=/srv --name nightly`,
    "liveops schedule add @hourly shell -- ./sync",
    "liveops schedule add @daily deploy.yaml target=/tmp/deploy   # each run reads the file",
  ])
    .usage("[options] <cron> <op> [name=value...] [-- ARG...]")
    .argument(
      "<cron>",
      '"minute hour day month weekday", or @hourly, @daily, @weekly, @monthly, @yearly',
    )
    .argument("<op>", "Name of the operation type, or a pipeline file")
    .argument("[name=value...]", "Parameters; name:=JSON gives an exact JSON value")
    .option("--name <name>", "Name of the schedule (default: the operation type)")
    .option("--zone <zone>", "Time zone of the expression (default: that of this machine)")
    .addOption(
      new Option(
        "--catchup <what>",
        "Run to make up for of those that were due while no daemon ran (default: last)",
      ).choices(["none", "last"]),
    );
  addSubmitOptions(add, "schedule").action(
    async (cron: string, op: string, set: string[], _options: unknown, command: Command) => {
      const { client, options, to, config } = await connectOrStart<AddOptions>(command);
      const { name = nameOf(op), catchup } = options;
      const trailing = trailingWords();
      const words = isPipelineArgument(op)
        ? {
            ...(await pipelineSubmit({
              file: op,
              set,
              trailing,
              params: options.params,
              shell: null,
            })),
            set: [],
            trailing: undefined,
          }
        : { op, set, trailing };
      await checkCwd(client, options);
      // The text of a pipe cannot be read again.
      const file =
        "params" in words && words.params.path !== null ? readFile(op, options, to) : null;
      if ("params" in words && words.params.path === null && options.name === undefined)
        throw new UsageError(
          "a pipeline that is not read from a file has no name for its schedule",
          "give --name nightly",
        );
      const operation = await submitBody(
        client,
        { ...words, options, allow: config.env?.allow },
        "schedule",
      );
      const schedule = {
        name,
        cron,
        zone: options.zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
        catchup,
        file: file ?? undefined,
        operation,
      };
      const added = await client.addSchedule(schedule);
      if (added.nextAt !== null)
        process.stderr.write(`first run at ${formatLocalTime(new Date(added.nextAt))}\n`);
      if (added.rebootProblem !== null) say(to, added.rebootProblem, "yellow");
      printLines([added.name]);
    },
  );
  everyday(add, ["--name", "--zone", "--catchup", "--label", "--queue"]);
}

function registerRm(schedule: Command): void {
  addCommand(schedule, "rm", "Remove schedules; their operations stay", [
    "liveops schedule rm nightly",
  ])
    .argument("<name...>", "Names of schedules")
    .action(async (names: string[], _options: unknown, command: Command) => {
      const { client, to } = await connectFor(command);
      process.exitCode = await forEachId(names, to, async (each) => {
        const removed = await client.removeSchedule(each);
        printLines([removed.name]);
      });
    });
}

async function listSchedules(command: Command): Promise<void> {
  const { client, options, to } = await connectFor<OutputOptions>(command);
  const { schedules } = await client.schedules();
  if (options.json) return printLines([jsonLine(schedules)]);
  if (schedules.length === 0) {
    process.stderr.write(
      "there are no schedules; add one: liveops schedule add '0 2 * * *' <op> --name nightly\n",
    );
    return;
  }
  printLines(await listLines(SCHEDULES, schedules, { now: client.now() }, process.stdout));
  const [problem] = schedules.flatMap(({ rebootProblem }) => rebootProblem ?? []);
  if (problem !== undefined) say(to, problem, "yellow");
}

/** The file that each run reads; null: the daemon keeps the present text. */
function readFile(op: string, { remote }: AddOptions, to: ReportTo): string | null {
  const path = pipelinePath(op);
  if (path === null) return null;
  if (remote === undefined) return path;
  say(to, `each run has the present text of ${op}: the daemon is not on this machine`, "yellow");
  return null;
}

/** The type, or the name of the pipeline file without its ending. */
function nameOf(op: string): string {
  return isPipelineArgument(op) ? basename(op).replace(/\.ya?ml$/, "") : op;
}
