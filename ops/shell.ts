/**
 * `shell`: runs a command. Its output goes to the log line by line; its exit code is the result.
 *
 * Example: `liveops submit -- make -j4`. The command leads its own process group. When the
 * operation is cancelled or the worker dies, all processes of the group end.
 */
import { ExecError, LiveOperation, type Params, type Progress, z } from "liveops";
import { shellLine, shellQuote } from "../protocol/text/shell-quote.js";
import { shown } from "./messages.js";

const LONGEST_GRACE = 60;

export class Shell extends LiveOperation<typeof Shell> {
  static op = "shell";
  static title = (params: Params<typeof Shell>) => commandText(params).trim() || "Shell";
  static stages = ["Run"] as const;
  static historyKey = (params: Params<typeof Shell>) =>
    [commandText(params), ...(params.script === undefined ? [] : params.args.map(shellQuote))].join(
      " ",
    );
  static gracePeriod = LONGEST_GRACE + 5;
  static params = z
    .object({
      args: z
        .array(z.string())
        .default([])
        .describe("command and its arguments, run without a shell"),
      script: z
        .string()
        .min(1)
        .optional()
        .describe('script for sh -c instead of a command; args are its "$1", "$2" …'),
      grace: z
        .number()
        .min(0)
        .max(LONGEST_GRACE)
        .default(8)
        .describe("seconds between SIGTERM and SIGKILL after a cancel"),
      separate: z
        .boolean()
        .default(false)
        .describe("mark the lines of stderr; their order against stdout is then not exact"),
      progress: z
        .boolean()
        .default(true)
        .describe(
          "show progress that the command reports or prints; no: its output is only logged",
        ),
      tty: z
        .boolean()
        .default(false)
        .describe(
          "run on a terminal, with colours and progress; liveops attach answers its questions",
        ),
    })
    .refine(({ args, script }) => script !== undefined || (args[0] ?? "") !== "", {
      message: "nothing to run: give a command after -- (liveops submit -- make -j4), or script=…",
      path: ["args"],
    })
    .refine(({ tty, separate }) => !(tty && separate), {
      message: "a terminal has one stream: leave out separate, or tty",
      path: ["separate"],
    });

  async run(p: Progress<Shell>): Promise<void> {
    const { args, script } = this.params;
    const command = script === undefined ? (args[0] as string) : "sh";
    const rest = script === undefined ? args.slice(1) : ["-c", script, "sh", ...args];
    const name = script === undefined ? command : "the script";

    const result = await p.stage("Run", () => {
      p.log(`$ ${commandText(this.params)}`);
      const { grace, separate, progress, tty } = this.params;
      const options = {
        grace,
        separate,
        progress,
        tty,
        status: "unfinished",
        label: shown(name),
      } as const;
      return p.exec(command, rest, options).catch((error) => {
        throw withoutStack(error);
      });
    });
    p.status(`${shown(name)} exited with ${result.exitCode}`, "success");
    p.result(result);
  }
}

/** The command line, as one types it. */
function commandText({ args, script }: Params<typeof Shell>): string {
  return script ?? shellLine(args);
}

/** The stack shows only liveops. A complete line in the place of a command is a common mistake. */
function withoutStack(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof ExecError || code !== undefined) delete error.stack;
  if (code === "ENOENT" && error.message.endsWith(" separately"))
    error.message += " as words after --, or the complete line as script=…";
  return error;
}
