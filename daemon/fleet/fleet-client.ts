/**
 * A client of a fleet without a daemon: the same routes in this process, and nothing runs here. Its state directory is a
 * temporary one, and holds the run files that were asked for.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, EngineParts } from "../engine.js";
import { NO_OUTBOX } from "../scheduler/outbox.js";
import type { OperationStarter } from "../scheduler/starter.js";
import type { FleetSettings } from "../settings.js";
import { FleetView } from "./fleet-view.js";
import { atStart } from "./host/at-start.js";

export class FleetClient extends FleetView implements Engine {
  readonly isClient = true;
  readonly outbox = NO_OUTBOX;
  readonly leaseFile = null;

  whyLeaseEnded(): null {
    return null;
  }

  constructor(services: EngineParts, settings: FleetSettings) {
    super(services, settings, null);
  }

  readonly makeStarter = (): OperationStarter => ({ isPaused: true, isDraining: false, kick: () => {} });

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
 * Makes the private directory of a client: in `XDG_RUNTIME_DIR`, or in the temporary directory where there is none, as in
 * a session of cron or of su. Returns what removes it.
 */
export function clientDirectory(env: Record<string, string | undefined>): { dir: string; remove(): void } {
  const { XDG_RUNTIME_DIR: runtime } = env;
  const parent = runtime && existsSync(runtime) ? runtime : tmpdir();
  const dir = mkdtempSync(join(parent, "liveops-client-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
