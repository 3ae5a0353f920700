/** Why the engine cannot record a decision now, in the words of the store. */
import type { RefusalCode } from "../../../protocol/errors.js";
import { Refusal } from "../../../protocol/errors.js";
import { NotRecordedError } from "../../store/not-recorded.js";
import { EngineAwayError, LostWritesError, RoleError, SessionOverError } from "../engine/errors.js";

export class EngineUnavailableError extends NotRecordedError {
  override name = "EngineUnavailableError";

  constructor(
    readonly code: RefusalCode,
    readonly advice: string,
    override readonly mayBeRecorded = false,
  ) {
    super(advice);
  }
}

/** Another host runs the operation, and is not lost: only that host may end the attempt. */
export class RunsElsewhereError extends NotRecordedError {
  override name = "RunsElsewhereError";
  readonly code = "LIVEOPS_WRONG_STATE";
  readonly advice: string;

  constructor(id: string) {
    super(`${id} runs on another host`);
    this.advice = `${this.message}; see liveops hosts`;
  }
}

/**
 * The error as a caller of the store gets it; errors of another kind stay as they are.
 *
 * @param mayBeRecorded default: the engine was sent the call
 */
export function asStoreError(
  error: unknown,
  mayBeRecorded = error instanceof EngineAwayError && error.wasSent,
): Error {
  if (error instanceof EngineUnavailableError)
    return new EngineUnavailableError(error.code, error.advice, mayBeRecorded || error.mayBeRecorded);
  if (error instanceof EngineAwayError)
    return new EngineUnavailableError(
      "LIVEOPS_ENGINE_AWAY",
      `${error.message}; running operations continue; see liveops hosts, and try again when the engine is back`,
      mayBeRecorded,
    );
  if (error instanceof LostWritesError)
    return new EngineUnavailableError(
      "LIVEOPS_ENGINE_BEHIND",
      "the engine may have lost writes, and waits until each host has told what it knows; try again, or see liveops hosts",
      mayBeRecorded,
    );
  if (error instanceof SessionOverError)
    return new EngineUnavailableError(
      "LIVEOPS_ENGINE_AWAY",
      "the fleet has declared this host lost; the host joins again; try again in a moment",
    );
  if (error instanceof RoleError)
    return new Refusal("LIVEOPS_WRONG_STATE", `nothing was recorded: ${error.message}`);
  return error as Error;
}
