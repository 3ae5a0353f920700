/** The daemons of several `--host`, each with its client. Nothing is asked yet. */
import { commandPlaces, type GlobalOptions } from "../../../protocol/client/daemon-address.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import type { HostAddress } from "../../../protocol/client/ssh/address.js";
import type { Flags } from "../core/request.js";
import type { HostClient } from "./all-hosts.js";
import { hostNames } from "./names.js";

/** One of several daemons: its name on the screen, its address, and the flags of the commands that the screen shows. */
export interface DashboardHost extends HostClient {
  readonly address: string;
  readonly flags: Flags;
}

/** @throws UsageError for a socket path that is too long */
export function dashboardHosts(
  addresses: readonly HostAddress[],
  env: NodeJS.ProcessEnv,
): readonly DashboardHost[] {
  const names = hostNames(addresses.map(({ text }) => text));
  return addresses.map((address, i) => {
    const flags: GlobalOptions =
      address.kind === "ssh"
        ? { remote: address.text }
        : address.socket === null
          ? {}
          : { socket: address.socket };
    const client = clientFor(commandPlaces(flags, env), flags);
    return { name: names[i]!, address: address.text, flags, client };
  });
}
