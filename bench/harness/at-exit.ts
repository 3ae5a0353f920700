/** What a measure leaves running or lying about is ended with it, also where it broke off. */

/** Calls `end` once: when the returned function is called, else when this process exits. */
export function atExit(end: () => void): () => void {
  const once = () => {
    process.off("exit", once);
    end();
  };
  process.on("exit", once);
  return once;
}
