/** Polls until there is an answer, for events that nothing announces: another process's socket, lock or end. */

const AGAIN_MS = 20;

/** The first answer that is neither null nor false, or null when the time is up. */
export async function until<T>(ask: () => T | Promise<T>, ms: number): Promise<NonNullable<T> | null> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() >= end) return null;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
