/**
 * Keeps this process going while it loads the author's files: `process.exit` and errors nobody can catch become the
 * load error of the file they came from.
 */
import type { TypesReply } from "../../protocol/routes.js";

export class LoadGuard {
  /** The file that was begun last: it gets the blame where a stack names none. */
  loading = "";
  readonly faults: TypesReply["errors"] = [];
  readonly #exit = process.exit;
  readonly #onFault = (thrown: unknown) => {
    const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
    const named = /^\s+at .*?(?:file:\/\/|[ (])(\/[^():]+\.m?[tj]s):/m.exec(stack)?.[1];
    const file = named ?? this.loading;
    this.faults.push({ file, message: this.describe(thrown, file) });
  };

  /** @param mayExit whether the code that runs now is not that of a file being loaded. Default: never */
  constructor(mayExit: () => boolean = () => false) {
    process.exit = ((code?: number) => {
      if (mayExit()) this.#exit.call(process, code);
      throw new Error(`it called process.exit(${code ?? ""}) while it was loaded`);
    }) as typeof process.exit;
    process.on("uncaughtException", this.#onFault);
    process.on("unhandledRejection", this.#onFault);
  }

  release(): void {
    process.exit = this.#exit;
    process.off("uncaughtException", this.#onFault);
    process.off("unhandledRejection", this.#onFault);
  }

  /** What is wrong, and in which line where that is known. */
  describe(thrown: unknown, file: string): string {
    if (!(thrown instanceof Error)) return `it threw ${String(thrown)}`;
    const { message, stack = "" } = thrown;
    const where = stack.split("\n").find((line) => line.includes(file) && /:\d+/.test(line));
    const position = /:(\d+(?::\d+)?)\)?\s*$/.exec(where ?? "")?.[1];
    const named =
      thrown.name === "Error" || message.startsWith(thrown.name) ? message : `${thrown.name}: ${message}`;
    return position === undefined || message.includes(`:${position}`) ? named : `${named} (line ${position})`;
  }
}
