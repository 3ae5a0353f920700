/**
 * `shell`: runs a command, its output line by line in the log, its exit code as the result.
 *
 * `liveops submit shell -- make -j4`. The command leads a process group of its own, which ends as a whole when the
 * operation is cancelled, and when the worker dies.
 */
import { LiveOperation, type Progress, z } from "liveops";
import { shown } from "./messages.js";
import { CommandFailed, commandNotStarted, ending } from "./process/failure.js";
import { Group } from "./process/group.js";
import { forward, Latest } from "./process/output.js";

const LONGEST_GRACE = 60;
const LONGEST_STATUS = 500;

export class Shell extends LiveOperation<typeof Shell> {
  static op = "shell";
  static title = "Shell";
  static stages = ["Run"] as const;
  static gracePeriod = LONGEST_GRACE + 5;
  static params = z
    .object({
      args: z
        .array(z.string())
        .default([])
        .describe("the command and its arguments, started as they are, without a shell"),
      script: z
        .string()
        .min(1)
        .optional()
        .describe('a line for sh -c instead of a command; args are then its "$1", "$2" …'),
      grace: z
        .number()
        .min(0)
        .max(LONGEST_GRACE)
        .default(8)
        .describe("seconds between SIGTERM and SIGKILL when it is cancelled"),
    })
    .refine(({ args, script }) => script !== undefined || (args[0] ?? "") !== "", {
      message: "nothing to run: give a command after -- (liveops submit shell -- make -j4), or script=…",
      path: ["args"],
    });

  async run(p: Progress<Shell>): Promise<void> {
    const { args, script } = this.params;
    const command = script === undefined ? (args[0] as string) : "sh";
    const rest = script === undefined ? args.slice(1) : ["-c", script, "sh", ...args];
    const name = script === undefined ? command : "the script";

    const started = performance.now();
    const { exitCode, signal } = await p.stage("Run", async () => {
      p.log(`$ ${script ?? args.map(quoted).join(" ")}`);
      const group = await Group.start(command, rest).catch((error) => {
        throw commandNotStarted(error, command, rest);
      });
      const end = await this.follow(p, group, name);
      p.checkCancelled();
      if (end.exitCode !== 0) throw new CommandFailed(name, end);
      return end;
    });
    const seconds = Math.round(performance.now() - started) / 1000;
    p.status(`${shown(name)} exited with ${exitCode}`, "success");
    p.result({ exitCode, signal, seconds });
  }

  /** Until the command has ended and nothing holds its output any more. */
  private async follow(p: Progress<Shell>, group: Group, name: string) {
    const status = new Latest((text) => p.status(text.slice(-LONGEST_STATUS)), 250);
    const show = (text: string) => status.set(text);
    const stop = () => group.stop(this.params.grace);
    if (p.signal.aborted) stop();
    p.signal.addEventListener("abort", stop, { once: true });
    try {
      const output = Promise.all([
        forward(group.stdout, process.stdout, show),
        forward(group.stderr, process.stderr, show),
      ]);
      const end = await group.ended;
      // Shown only where it takes a moment: the output normally ends with the command.
      show(`${shown(name)} ${ending(end)}; what it left running still holds its output`);
      await output;
      return end;
    } finally {
      status.clear();
      p.signal.removeEventListener("abort", stop);
      await group.release();
    }
  }
}

/** As one would type it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
