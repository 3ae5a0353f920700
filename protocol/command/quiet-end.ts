/**
 * Ends a command quietly when nobody reads its output any more (`| head`), as SIGPIPE does elsewhere: interrupted, not
 * done, since what it would have told was not told. Data that cannot be written for another reason is said in a line.
 *
 * Called once at the start of a command that prints more than a line.
 */
import { writeSync } from "node:fs";
import { EXIT } from "../exit-codes.js";

export function endQuietlyOnClosedPipe(
  streams: NodeJS.WriteStream[] = [process.stdout, process.stderr],
): void {
  for (const stream of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") process.exit(EXIT.interrupted);
      // Only messages are lost: what was asked for is done all the same, and the exit code tells how it ended.
      if (stream === process.stderr) return;
      try {
        writeSync(2, `liveops: the output cannot be written: ${error.message}\n`);
      } catch {
        // Nor can this.
      }
      process.exit(EXIT.fault);
    });
  }
}
