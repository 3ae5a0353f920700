/** Opens a fleet for one command: the routes of a daemon on a private socket, for as long as the command runs. */
import { join } from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import { Refusal } from "../../protocol/errors.js";
import { UsageError } from "../../protocol/failures.js";
import { LOST_AFTER } from "../../protocol/system/config-types.js";
import { startDaemon } from "../daemon.js";
import { settingsFrom } from "../settings.js";
import { EngineAwayError, FleetError } from "./engine/errors.js";
import { clientDirectory, FleetClient } from "./fleet-client.js";

/**
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
    const daemon = await startDaemon(
      settings,
      () => ({ logger: silent, problem: () => null, configure: () => {} }),
      { makeEngine: (services) => new FleetClient(services, fleet) },
    );
    return {
      socket,
      close: async () => {
        await daemon.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    if (!(error instanceof FleetError)) throw error;
    if (error instanceof EngineAwayError) throw new Refusal("LIVEOPS_ENGINE_AWAY", error.message);
    throw new UsageError(error.message);
  }
}
