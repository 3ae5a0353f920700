/** Opens a connection to the daemon of an address before a screen is drawn: ssh may ask for a password now. */
import { Client } from "../../protocol/client/client.js";
import { commandPlaces } from "../../protocol/client/daemon-address.js";
import { type HostAddress, parseAddress } from "../../protocol/client/ssh/address.js";
import { remoteHost } from "../../protocol/client/ssh/host.js";

export interface OpenHost {
  /** For people: `ann@box`. */
  name: string;
  /** For a `Client`: a path, or the address of a remote host. */
  socket: string;
  /** Ends the connections of this process to the host. */
  close(): Promise<void>;
}

/**
 * Connects once, and asks the daemon for its report. Without it, the first request of a client connects; `socketOf` is
 * enough then.
 *
 * @throws UsageError for an address that is not valid; NoDaemonError where no daemon is reached
 */
export async function openHost(address: HostAddress | string, signal?: AbortSignal): Promise<OpenHost> {
  const parsed = typeof address === "string" ? parseAddress(address) : address;
  const socket = socketOf(parsed);
  await new Client(socket).daemon(signal);
  return {
    name: parsed.name,
    socket,
    close: async () => {
      if (parsed.kind === "ssh") remoteHost(socket).close();
    },
  };
}

/** What a `Client` takes for the address. */
function socketOf(address: HostAddress): string {
  return address.kind === "ssh" ? address.text : (address.socket ?? commandPlaces({}).socket);
}
