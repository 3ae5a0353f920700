/** Opens the daemons of several `--host` in the dashboard. */
import { type Address, askNothing } from "../../../protocol/client/address.js";
import { commandPlaces } from "../../../protocol/client/daemon-address.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import type { Flags } from "../../dashboard/core/request.js";
import type { Opener } from "../../dashboard/opener.js";
import { type HostClient, Hosts } from "./hosts.js";
import { HostsClient } from "./hosts-client.js";

interface DashboardHost extends HostClient {
  readonly flags: Flags;
}

export const openHosts: Opener = async ({ remotes = [], id }, env, needScreen) => {
  if (remotes.length < 2) return null;
  const daemons = await daemonsOf(remotes, env);
  needScreen(
    "lines for a screen reader are of one host",
    "several hosts are shown on a terminal only",
    `give one --host, or follow one as text: liveops watch --host ${daemons[0]!.address}`,
  );
  // The screen does not wait for the slowest host: what asks for a password does so from the page of the hosts.
  askNothing();
  const all = new Hosts(daemons);
  return {
    socket: "",
    client: new HostsClient(all),
    id,
    flags: { hosts: new Map(daemons.map(({ name, flags }) => [name, flags])) },
    hosts: all.told().hosts,
  };
};

/** @throws UsageError for a socket path that is too long */
async function daemonsOf(
  addresses: readonly Address[],
  env: NodeJS.ProcessEnv,
): Promise<readonly DashboardHost[]> {
  const names = hostNames(addresses.map(({ text }) => text));
  const hosts = addresses.map(async ({ text, options }, i) => {
    const client = clientFor(await commandPlaces(options, env), options);
    return { name: names[i]!, address: text, flags: options, client };
  });
  return Promise.all(hosts);
}

/** Characters that a name must not have: liveops cuts a history at a space, and a filter at a comma. */
const ODD = /[^\w.@:-]+/g;

const COMMON = new Set(["liveopsd", "liveops", "run"]);

/** Names for the address, from the shortest to the longest: the host of `ssh://ann@box:2222`, the file of a socket. */
function namesFor(address: string): string[] {
  const ssh = /^ssh:\/\/(?:([^@/]*)@)?([^/]*?)(?::(\d+))?(\/.*)?$/.exec(address);
  if (ssh !== null) {
    const [, user, host = "", port, path] = ssh;
    // The first part of a DNS name; all of an address.
    const short = /^[\d.]+$|^\[/.test(host) ? host : host.replace(/\..*/s, "");
    const withUser = user === undefined ? host : `${user}@${host}`;
    const withPort = port === undefined ? "" : `:${port}`;
    return [short, host, withUser, withUser + withPort, withUser + withPort + (path ?? "")];
  }
  const path = address.replace(/^unix:\/\//, "");
  if (path === "") return ["local"];
  const all = path
    .replace(/\.sock(et)?$/, "")
    .split("/")
    .filter(Boolean);
  // The default socket has the same name everywhere, so the directory before it tells the daemons apart.
  const parts = all.filter((part, i) => i < all.length - 3 || !COMMON.has(part)).toReversed();
  if (/^\d*$/.test(parts[0] ?? "")) return ["local", all.join("-")];
  return [
    ...parts.map((_, i) =>
      parts
        .slice(0, i + 1)
        .toReversed()
        .join("-"),
    ),
    all.join("-"),
  ];
}

/** The names in the order of the addresses: each the shortest that no other address has. */
export function hostNames(addresses: readonly string[]): string[] {
  const all = addresses.map((address) =>
    namesFor(address).map((name) => name.replace(/^\[(.*)\]$/, "$1").replace(ODD, "-") || "host"),
  );
  const names = all.map((choices, i) => {
    const isOther = (name: string) => all.some((others, j) => j !== i && others.includes(name));
    return choices.find((name) => !isOther(name)) ?? choices.at(-1)!;
  });
  // Some addresses differ only in odd characters.
  return names.map((name, i) => {
    const earlier = names.slice(0, i).filter((other) => other === name).length;
    return earlier === 0 ? name : `${name}-${earlier + 1}`;
  });
}
