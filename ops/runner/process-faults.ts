/**
 * What an operation throws where nobody can catch it: in a timer, an event handler, a promise it forgot. Node would
 * end the process; the attempt fails with it instead.
 */
import type { Cause } from "../../protocol/errors.js";

/** What was thrown, and how it came to be thrown where nobody could catch it. */
export class Uncaught {
  constructor(
    readonly thrown: unknown,
    readonly cause: Cause,
  ) {}
}

export interface ProcessFaults {
  /** Rejects with the first one, an `Uncaught`. */
  readonly first: Promise<never>;
  stop(): void;
}

export function watchProcessFaults(): ProcessFaults {
  let reject: (uncaught: Uncaught) => void = () => {};
  const first = new Promise<never>((_, rejectFirst) => {
    reject = rejectFirst;
  });
  first.catch(() => {});
  const onException = (thrown: unknown) => reject(new Uncaught(thrown, "uncaught-exception"));
  const onRejection = (thrown: unknown) => reject(new Uncaught(thrown, "unhandled-rejection"));
  process.on("uncaughtException", onException);
  process.on("unhandledRejection", onRejection);
  return {
    first,
    stop() {
      process.off("uncaughtException", onException);
      process.off("unhandledRejection", onRejection);
    },
  };
}
