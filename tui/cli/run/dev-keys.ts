/** The keys of `liveops dev` on a terminal: single keys, without Enter, and nothing is echoed. */

export type DevKey = "again" | "quit" | "interrupt";

const KEYS: Readonly<Record<string, DevKey>> = {
  "\r": "again",
  "\n": "again",
  r: "again",
  q: "quit",
  "\u0003": "interrupt",
};

/** Calls back for each key. Returns a function that puts the terminal back; null if stdin is no terminal. */
export function readKeys(onKey: (key: DevKey) => void): (() => void) | null {
  const { stdin } = process;
  if (!stdin.isTTY) return null;
  const onData = (text: string) => {
    for (const letter of text) {
      const key = Object.hasOwn(KEYS, letter) ? KEYS[letter] : undefined;
      if (key !== undefined) onKey(key);
    }
  };
  const restore = () => {
    process.off("exit", restore);
    stdin.off("data", onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
  // A program of the run may have changed the terminal: an exit at any moment puts it back.
  process.on("exit", restore);
  stdin
    .setEncoding("utf8")
    .on("data", onData)
    .on("error", () => {});
  stdin.setRawMode(true);
  stdin.resume();
  return restore;
}
