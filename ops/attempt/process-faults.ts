/**
 * Catches errors that an operation throws in a timer, an event handler or a forgotten promise. Node
 * would end the process; instead, the attempt fails with the error.
 *
 * Also detects that `run` waits for a promise that nothing can settle: Node reports an event loop
 * without work (`beforeExit`). The caller keeps its own handles unreferenced while an attempt runs,
 * so that this can happen.
 */
import { getEventListeners } from "node:events";
import type { Cause } from "../../protocol/errors.js";
import { Failure } from "./failure.js";

/** How often an operation that waits only for a stop is checked again, in ms. */
const LOOK_MS = 1000;

/** An uncaught error and its kind. */
export class Uncaught {
  constructor(
    readonly thrown: unknown,
    readonly cause: Cause,
  ) {}
}

export interface ProcessFaults {
  /**
   * Rejects with the first uncaught error, an `Uncaught`, or with a `Failure` if the event loop is
   * empty.
   */
  readonly first: Promise<never>;
  stop(): void;
}

/**
 * @param signal - of the operation; an operation that listens to it waits for a stop
 * @param activeStage - the stage that is active, for the message
 */
export function watchProcessFaults(
  signal: AbortSignal,
  activeStage: () => string | null,
): ProcessFaults {
  let reject: (fault: Uncaught | Failure) => void = () => {};
  const first = new Promise<never>((_, rejectFirst) => {
    reject = rejectFirst;
  });
  first.catch(() => {});
  let waiting: NodeJS.Timeout | undefined;
  const onException = (thrown: unknown) => reject(new Uncaught(thrown, "uncaught-exception"));
  const onRejection = (thrown: unknown) => reject(new Uncaught(thrown, "unhandled-rejection"));
  const onEmpty = () => {
    if (isListenedTo(signal)) waiting = setTimeout(() => {}, LOOK_MS);
    else reject(neverSettles(activeStage()));
  };
  process.on("uncaughtException", onException);
  process.on("unhandledRejection", onRejection);
  process.on("beforeExit", onEmpty);
  return {
    first,
    stop() {
      clearTimeout(waiting);
      process.off("uncaughtException", onException);
      process.off("unhandledRejection", onRejection);
      process.off("beforeExit", onEmpty);
    },
  };
}

/**
 * `AbortSignal.any` adds no listener to its sources, but a property with the set of signals that
 * depend on them.
 */
function isListenedTo(signal: AbortSignal): boolean {
  if (getEventListeners(signal, "abort").length > 0 || signal.onabort != null) return true;
  return Object.getOwnPropertySymbols(signal).some((key) => {
    const held = (signal as unknown as Record<symbol, { size?: unknown } | null>)[key];
    return typeof held === "object" && Number(held?.size ?? 0) > 0;
  });
}

function neverSettles(stage: string | null): Failure {
  const where = stage === null ? "" : ` (stage ${JSON.stringify(stage)} is active)`;
  return new Failure(
    "LIVEOPS_NEVER_SETTLED",
    `run waits for a promise that never settles${where}: no timer, file, socket or process is open that could settle it; look for a promise without resolve, or a callback that is never called`,
  );
}
