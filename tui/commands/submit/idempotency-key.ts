/**
 * A key that no other submit has: the daemon tells a repeated request by it.
 *
 * Unique, not secret (the socket is the user's own), so it does without node:crypto, which costs 4 ms to load.
 */
export function newKey(): string {
  const random = () => Math.random().toString(36).slice(2).padEnd(11, "0");
  return `${Date.now().toString(36)}-${process.pid.toString(36)}-${random()}${random()}`;
}
