/**
 * Errors of the fleet's engine. Messages hold no password. After a NotRecordedError, a later try
 * may succeed; after a FleetError, trying again does not help.
 */
import { Refusal } from "../../../../protocol/errors.js";
import { EXIT } from "../../../../protocol/exit-codes.js";
import { NotRecordedError } from "../../../store/not-recorded.js";

export class FleetError extends Error {
  override name = "FleetError";
  /** A start that is refused is not mended by another try. */
  readonly startExit = EXIT.usage;
}

/** The engine did not answer in time, or answers as a standby. */
export class EngineAwayError extends NotRecordedError {
  override name = "EngineAwayError";
  readonly code = "LIVEOPS_ENGINE_AWAY";
  readonly startExit = EXIT.refused;
  readonly hint = "start again when the engine is back";
  readonly advice: string;

  constructor(
    engine: string,
    cause: unknown,
    override readonly mayBeRecorded = false,
  ) {
    const why = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
    super(`the fleet's engine ${engine} does not answer${why}`, { cause });
    this.advice = `${this.message}; running operations continue; see liveops hosts, and try again when the engine is back`;
  }
}

/** The engine refuses the connection: password, certificate, database, schema. */
export class EngineRefusedError extends FleetError {
  override name = "EngineRefusedError";
}

/** The operation has another version than the decision was judged by: catch up, judge again. */
export class OvertakenError extends FleetError {
  override name = "OvertakenError";
  /** `version`: the operation's version; null: there is no such operation. */
  constructor(
    readonly id: string,
    readonly version: number | null,
  ) {
    super(`${id} was changed meanwhile; its version is ${version ?? "none"}`);
  }
}

/** The idempotency key belongs to another operation. */
export class KeyTakenError extends FleetError {
  override name = "KeyTakenError";
  /** `id`, `hash`: of the operation that has the key. */
  constructor(
    readonly id: string,
    readonly key: string,
    readonly hash: string,
  ) {
    super(`the idempotency key belongs to ${id}`);
  }
}

/** The operation is not this host's any more: its attempt must end. */
export class FencedError extends FleetError {
  override name = "FencedError";
  constructor(readonly id: string) {
    super(`${id} does not run on this host any more`);
  }
}

/** The engine does not have all lines of the attempt before those that came with its end. */
export class BehindError extends NotRecordedError {
  override name = "BehindError";
  readonly code = "LIVEOPS_ENGINE_BEHIND";
  readonly advice: string;

  constructor(readonly id: string) {
    super(`the fleet's engine has lost lines of ${id}`);
    this.advice = `${this.message}; they are shipped again`;
  }
}

/**
 * The host was declared lost, or another daemon joined under its name: end its work, join again.
 */
export class SessionOverError extends NotRecordedError {
  override name = "SessionOverError";
  readonly code = "LIVEOPS_ENGINE_AWAY";
  readonly advice =
    "the fleet has declared this host lost; the host joins again; try again in a moment";
}

/** The engine may have lost writes: offer first. */
export class LostWritesError extends NotRecordedError {
  override name = "LostWritesError";
  readonly code = "LIVEOPS_ENGINE_BEHIND";
  readonly advice =
    "the engine may have lost writes, and waits until each host has told what it knows; try again, or see liveops hosts";

  constructor(
    message: string,
    override readonly mayBeRecorded = false,
  ) {
    super(message);
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

/** The role of the connection may not do this. */
export class RoleError extends FleetError {
  override name = "RoleError";

  toRefusal(): Refusal {
    return new Refusal("LIVEOPS_WRONG_STATE", `nothing was recorded: ${this.message}`);
  }
}

/** Another daemon is up under the host's name. */
export class HostNameTakenError extends FleetError {
  override name = "HostNameTakenError";
}

/** The values of a verdict of `exchange`, besides its code. */
interface VerdictDetail {
  id?: string;
  version?: number | null;
  key?: string;
  hash?: string;
  state?: string | null;
  kind?: string;
}

/** The error of a verdict or of an exception of our own; null: it is none of ours. */
export function errorOfCode(
  code: string,
  message: string,
  detail: VerdictDetail = {},
): Error | null {
  const id = detail.id ?? "";
  switch (code) {
    case "LF001":
      return new SessionOverError(message);
    case "LF002":
      return new LostWritesError(message);
    case "LF400":
      return new FleetError(`${detail.state ?? "unknown"} ${id} cannot be ${detail.kind}`);
    case "LF409":
      return new OvertakenError(id, detail.version ?? null);
    case "LF410":
      return new KeyTakenError(id, detail.key ?? "", detail.hash ?? "");
    case "LF411":
      return new FencedError(id);
    case "LF413":
      return new BehindError(id);
    case "LF412":
      return new HostNameTakenError(`${message}; give this one another name with --host`);
    case "LF403":
    case "42501":
      return new RoleError(
        id === "" ? `the role may not do this: ${message}` : "the role may not do this",
      );
    default:
      return null;
  }
}
