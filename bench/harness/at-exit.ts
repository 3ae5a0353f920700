/** Cleans up the processes and files of a measure when it ends, also after a failure. */

// A fleet of twenty hosts has more of them than Node expects.
process.setMaxListeners(100);

/** Calls `end` once: when the returned function is called, else when this process exits. */
export function atExit(end: () => void): () => void {
  const once = () => {
    process.off("exit", once);
    end();
  };
  process.on("exit", once);
  return once;
}
