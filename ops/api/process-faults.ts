/**
 * What an operation throws where nobody can catch it: in a timer, an event handler, a promise it forgot. Node would
 * end the process; the attempt fails with it instead.
 */

export interface ProcessFaults {
  /** Rejects with the first one. */
  readonly first: Promise<never>;
  stop(): void;
}

export function watchProcessFaults(): ProcessFaults {
  let reject: (thrown: unknown) => void = () => {};
  const first = new Promise<never>((_, rejectFirst) => {
    reject = rejectFirst;
  });
  first.catch(() => {});
  const onFault = (thrown: unknown) => reject(thrown);
  process.on("uncaughtException", onFault);
  process.on("unhandledRejection", onFault);
  return {
    first,
    stop() {
      process.off("uncaughtException", onFault);
      process.off("unhandledRejection", onFault);
    },
  };
}
