/** Work that nobody waits for, a piece in each turn of the event loop: whoever asks meanwhile is answered in between. */
export function runDeferred(pieces: Array<() => void>, isOver: () => boolean): void {
  const [piece, ...rest] = pieces;
  if (!piece) return;
  setImmediate(() => {
    if (isOver()) return;
    piece();
    runDeferred(rest, isOver);
  });
}
