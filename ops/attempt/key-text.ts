/** The keys of items as text. */
import { inspect } from "node:util";

/** @throws TypeError if the value that the author's function returned is no key */
export function keyText(key: unknown, index: number): string {
  if (typeof key === "string") return key;
  if (typeof key === "number" && Number.isFinite(key)) return String(key);
  const hint =
    typeof key === "bigint"
      ? "; use String(id)"
      : typeof (key as { then?: unknown } | null)?.then === "function"
        ? "; the function must not be async"
        : "";
  const shown = inspect(key, { depth: 0 }).slice(0, 60);
  throw new TypeError(
    `p.track: the key of item ${index + 1} is ${shown}, not a text or a finite number${hint}`,
  );
}
