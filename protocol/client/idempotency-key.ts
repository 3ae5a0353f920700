/**
 * An idempotency key, unique to this submit: the daemon recognises a repeated request by the key.
 *
 * Unique, not secret (the socket is the user's own), so node:crypto is not loaded, which takes 4
 * ms.
 */
export function newKey(): string {
  const random = () => Math.random().toString(36).slice(2).padEnd(11, "0");
  return `${Date.now().toString(36)}-${process.pid.toString(36)}-${random()}${random()}`;
}
