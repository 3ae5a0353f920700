/** `p.exec`: its options, its result, and the error of a program that failed. */

/** Options of {@link Progress.exec}. */
export interface ExecOptions {
  /**
   * Working directory; a relative path starts at that of the operation. Default: that of the
   * operation.
   */
  cwd?: string;
  /**
   * Variables that are added to the environment of the operation; `undefined` removes a variable.
   * Default: none.
   */
  env?: Readonly<Record<string, string | undefined>>;
  /** Whether an exit code other than 0, or a signal, is an error. Default: true. */
  check?: boolean;
  /**
   * Also return the text of stdout, at most 1 MiB; a program that prints more is stopped and is an
   * error. Stdout and stderr are then read apart, as with `separate`. Default: false.
   */
  capture?: boolean;
  /**
   * Read stdout and stderr apart, so that the log marks the lines of stderr. The order of lines of
   * stdout and lines of stderr is then not exact. Default: false: both are read in their order, as
   * lines of stdout.
   */
  separate?: boolean;
  /**
   * Run the program on a terminal (pty) of its own: it prints colours and progress as in a
   * terminal, and can ask for input, which `liveops attach` answers. Its output is one stream,
   * logged as stdout; `capture` and `separate` are not possible. The output ends with the program.
   * The terminal has 120 columns and 40 rows until somebody attaches. Needs the package
   * `@lydell/node-pty`. Default: false.
   */
  tty?: boolean;
  /**
   * Show output as the status too: `"unfinished"`: the text of a line without its end, such as a
   * progress bar that redraws; `"last"`: the last line as well. Default: the status does not
   * change.
   */
  status?: "unfinished" | "last";
  /**
   * Show the progress of the program: its reports (`liveops report`, the file named by
   * `LIVEOPS_REPORT`), bars and percents in its output, and its position in the file that it reads.
   * The bar is that of the block which calls `exec`; a block that calls `percent` or `track` itself
   * keeps its bar. Of programs that run at once, the first one that gives a figure has the bar
   * until it ends. Default: true.
   */
  progress?: boolean;
  /**
   * Run the program also after a stop was requested, and do not stop it for the request: for
   * clean-up. It must end within the rest of `gracePeriod`. Default: false.
   */
  afterStop?: boolean;
  /**
   * Stops the program as a cancel of the operation does; `exec` then rejects with the reason of the
   * signal.
   */
  signal?: AbortSignal;
  /**
   * Seconds between SIGTERM and SIGKILL when the program is stopped. Default: 8, and less for a
   * type whose `gracePeriod` is less than 10.
   */
  grace?: number;
  /** Name of the program in messages. Default: the command. */
  label?: string;
}

/** How a program ended. */
export interface ExecResult {
  /** The exit code; null after a signal. */
  exitCode: number | null;
  /** The signal that ended the program, such as `"SIGKILL"`; null after an exit. */
  signal: string | null;
  /** Duration of the program, by the monotonic clock; without the pauses of the operation. */
  seconds: number;
  /** The text of stdout, with `capture`. */
  stdout?: string;
  /** The values that the program reported (`liveops report output name=value`); absent: none. */
  outputs?: Record<string, string>;
}

/**
 * A program that `p.exec` ran ended with an exit code other than 0, or by a signal. The message has
 * the last lines of its output. An operation that throws this error fails, and its result is `{
 * exitCode, signal, seconds }`.
 */
export class ExecError extends Error implements ExecResult {
  override name = "ExecError";
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly seconds: number;

  constructor(
    readonly command: string,
    readonly args: readonly string[],
    { exitCode, signal, seconds }: ExecResult,
    /** The last lines of the output, at most 10, without colours. */
    readonly lastLines: readonly string[] = [],
    label: string = command,
  ) {
    const ending = signal === null ? `exited with ${exitCode}` : `was killed by ${signal}`;
    super([`${label} ${ending}`, ...lastLines].join("\n"));
    this.exitCode = exitCode;
    this.signal = signal;
    this.seconds = seconds;
  }
}
