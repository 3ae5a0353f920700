/**
 * Ends a command quietly when nobody reads its output any more (`| head`), as SIGPIPE does elsewhere.
 *
 * Called once at the start of a command that prints more than a line.
 */
export function endQuietlyOnClosedPipe(
  streams: NodeJS.WriteStream[] = [process.stdout, process.stderr],
): void {
  for (const stream of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") process.exit();
      throw error;
    });
  }
}
