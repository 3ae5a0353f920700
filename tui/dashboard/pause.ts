/** A wait that ends early, and quietly, when it is called off. */
export function pause(milliseconds: number, calledOff: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (calledOff.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      calledOff.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    calledOff.addEventListener("abort", done);
  });
}
