/** Short names of hosts, from their addresses: the host of `ssh://ann@box:2222`, the file of a socket. Pure. */

/** What a name has: a key is cut at its first `@`, a history at its first space, a filter at each comma. */
const ODD = /[^\w.@:-]+/g;

const COMMON = new Set(["liveopsd", "liveops", "run"]);

/** From the shortest to the longest. */
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
  // A daemon's own socket is called the same everywhere: what stands before tells it apart.
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
  // Addresses that differ in odd characters alone.
  return names.map((name, i) => {
    const earlier = names.slice(0, i).filter((other) => other === name).length;
    return earlier === 0 ? name : `${name}-${earlier + 1}`;
  });
}
