/** A service that runs the daemon, as the commands of `liveopsd` use it. */
import { Refusal } from "../../../../protocol/errors.js";

export interface Service {
  /** `the systemd unit liveopsd.service`, for messages. */
  readonly label: string;
  /** Pid of the daemon that the service runs; null if it runs none. */
  mainPid(): Promise<number | null>;
  /** @throws Refusal if the daemon does not start */
  start(): Promise<void>;
  /** Starts the daemon again. Running operations continue. @throws Refusal */
  restart(): Promise<void>;
  /** Running operations continue. @throws Refusal */
  stop(): Promise<void>;
}

/** A service whose file `liveopsd install` writes. */
export interface InstallableService extends Service {
  readonly name: string;
  readonly file: string;
  /** When the service starts the daemon, for messages. */
  readonly starts: string;
  /** Why the service manager cannot be used; null if it can. */
  problem(): Promise<string | null>;
  /** Makes the service manager read the file and start the daemon from now on. @throws Refusal */
  enable(): Promise<void>;
  /** The opposite of `enable`; stops the daemon. The file is still there. @throws Refusal */
  disable(): Promise<void>;
  /** After the file was removed. */
  forget(): Promise<void>;
  /** Whether the service manager starts the daemon by itself. */
  isEnabled(): Promise<boolean>;
}

export function serviceRefusal(summary: string, why: string): Refusal {
  return new Refusal("LIVEOPS_WRONG_STATE", why, {}, { status: 409, title: "Conflict", summary });
}
