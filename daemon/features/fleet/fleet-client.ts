/**
 * A client of a fleet without a daemon: the same routes in this process, and nothing runs here. Its state directory is a
 * temporary one, and holds the run files that were asked for.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import { Refusal } from "../../../protocol/errors.js";
import { UsageError } from "../../../protocol/failures.js";
import { LOST_AFTER } from "../../../protocol/system/config-settings.js";
import { startDaemon } from "../../daemon.js";
import type { Engine, EngineParts } from "../../engine.js";
import { NO_OUTBOX } from "../../scheduler/outbox.js";
import type { OperationStarter } from "../../scheduler/starter.js";
import { type FleetSettings, settingsFrom } from "../../settings.js";
import { EngineAwayError, FleetError, LostWritesError } from "./engine/errors.js";
import { FleetView } from "./fleet-view.js";
import { atStart } from "./host/at-start.js";

class FleetClient extends FleetView implements Engine {
  readonly isClient = true;
  readonly outbox = NO_OUTBOX;
  readonly leaseFile = null;

  whyLeaseEnded(): null {
    return null;
  }

  constructor(services: EngineParts, settings: FleetSettings) {
    super(services, settings, null);
  }

  readonly makeStarter = (): OperationStarter => ({
    isPaused: true,
    isDraining: false,
    kick: () => {},
    startNew: async () => false,
  });

  slots(): number {
    return 0;
  }

  async start(): Promise<void> {
    await atStart(() => this.engine.readClock());
    await this.load();
  }

  begin(): void {
    this.runs.begin();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.runs.stop();
    await this.store.stop();
    await this.engine.end();
  }

  protected mayEnd(): boolean {
    return false;
  }
}

/**
 * Opens a fleet for one command: the routes of a daemon on a private socket, for as long as the command runs.
 *
 * @param url of the PostgreSQL database
 * @param passwordFile absolute; null: none
 * @throws UsageError where the address is not valid or not safe, or the engine refuses; Refusal where it does not answer
 */
export async function openFleetClient({
  url,
  passwordFile,
}: {
  url: string;
  passwordFile: string | null;
}): Promise<{ socket: string; close(): Promise<void> }> {
  const { dir, remove } = clientDirectory(process.env);
  const socket = join(dir, "socket");
  const settings = settingsFrom({ stateDir: join(dir, "state"), socket }, {}, {});
  const fleet = { url, passwordFile, host: "", tags: [], lostAfter: LOST_AFTER };
  const silent = pino({ level: "silent" }, new Writable({ write: (_chunk, _encoding, done) => done() }));
  try {
    const daemon = await startDaemon(settings, () => ({ logger: silent, problem: () => null }), {
      makeEngine: (services) => new FleetClient(services, fleet),
    });
    return {
      socket,
      close: async () => {
        await daemon.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    if (error instanceof EngineAwayError) throw new Refusal("LIVEOPS_ENGINE_AWAY", error.message);
    if (error instanceof FleetError || error instanceof LostWritesError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * Makes the private directory of a client: in `XDG_RUNTIME_DIR`, or in the temporary directory where there is none, as in
 * a session of cron or of su. Returns what removes it.
 */
function clientDirectory(env: Record<string, string | undefined>): { dir: string; remove(): void } {
  const { XDG_RUNTIME_DIR: runtime } = env;
  const parent = runtime && existsSync(runtime) ? runtime : tmpdir();
  const dir = mkdtempSync(join(parent, "liveops-client-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
