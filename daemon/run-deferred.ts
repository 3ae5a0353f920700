/** Runs one step in each turn of the event loop, so that requests are answered between the steps. */
export function runDeferred(pieces: Array<() => void>, isOver: () => boolean): void {
  const [piece, ...rest] = pieces;
  if (!piece) return;
  setImmediate(() => {
    if (isOver()) return;
    piece();
    runDeferred(rest, isOver);
  });
}
