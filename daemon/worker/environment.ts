/** The worker's own environment, given back after each operation whatever that did to it. */

let own: Record<string, string | undefined> | null = null;

/** Adds an operation's variables. Reading them all is slow, so this process's own are read once. */
export function enterEnvironment(added: Record<string, string>): void {
  own ??= { ...process.env };
  Object.assign(process.env, added);
}

export function leaveEnvironment(): void {
  if (own === null) return;
  for (const [name, value] of Object.entries(process.env)) {
    if (!(name in own)) delete process.env[name];
    else if (own[name] !== value) process.env[name] = own[name];
  }
  for (const name of Object.keys(own)) if (!(name in process.env)) process.env[name] = own[name];
}
