/** Does the same to several operations: one that is refused doesn't keep the others from it. */
import { type ReportTo, report } from "../../protocol/command/report.js";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.js";

/** The exit code of the first that was refused, each of which is said; 0 where none was. */
export async function forEachId(
  ids: string[],
  to: ReportTo,
  work: (id: string) => Promise<void>,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  for (const id of ids) {
    try {
      await work(id);
    } catch (error) {
      const its = report(error, to);
      // No daemon, or Ctrl-C: the others would fare no better.
      if (its === EXIT.noDaemon || its === EXIT.interrupted) return its;
      if (code === EXIT.done) code = its;
    }
  }
  return code;
}
