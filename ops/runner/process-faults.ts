/**
 * Catches errors that an operation throws in a timer, an event handler or a forgotten promise. Node would end the
 * process; instead, the attempt fails with the error.
 */
import type { Cause } from "../../protocol/errors.js";

/** An uncaught error and its kind. */
export class Uncaught {
  constructor(
    readonly thrown: unknown,
    readonly cause: Cause,
  ) {}
}

export interface ProcessFaults {
  /** Rejects with the first uncaught error, an `Uncaught`. */
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
