/** Short names of hosts, from their addresses: the host of `ssh://ann@box:2222`, the file of a socket. Pure. */

/** What a name has: a key is cut at its first `@`, a history at its first space, a filter at each comma. */
const ODD = /[^\w.@:-]+/g;

/** From the shortest to the longest. */
function namesFor(address: string): string[] {
  const ssh = /^ssh:\/\/(?:([^@/]*)@)?([^/]*?)(?::(\d+))?(\/.*)?$/.exec(address);
  if (ssh !== null) {
    const [, user, host = "", port, path] = ssh;
    const withUser = user === undefined ? host : `${user}@${host}`;
    const withPort = port === undefined ? "" : `:${port}`;
    return [host, withUser, withUser + withPort, withUser + withPort + (path ?? "")];
  }
  const parts = address
    .replace(/^unix:\/\//, "")
    .split("/")
    .filter(Boolean);
  const [file = "socket", dir = "", above = ""] = parts.toReversed();
  const own = file.replace(/\.sock(et)?$/, "");
  // The daemon's own socket has the same name everywhere: its directory tells it apart.
  const names = own === "liveopsd" && dir !== "" ? [dir] : [own];
  return [...names, `${dir}-${own}`, `${above}-${dir}-${own}`, parts.join("-")];
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
