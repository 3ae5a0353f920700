/**
 * `shell`: runs a command. Its output goes to the log line by line; its exit code is the result.
 *
 * Example: `liveops submit shell -- make -j4`. The command leads its own process group. When the operation is
 * cancelled or the worker dies, all processes of the group end.
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
      args: z.array(z.string()).default([]).describe("command and its arguments, run without a shell"),
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

  /** Waits until the command has ended and no process holds its output open. */
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
      // Normally the output ends with the command, and this status is not shown.
      show(`${shown(name)} ${ending(end)}; a process that it started still holds its output open`);
      await output;
      return end;
    } finally {
      status.clear();
      p.signal.removeEventListener("abort", stop);
      await group.release();
    }
  }
}

/** Quotes a word for a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
