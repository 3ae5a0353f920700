/**
 * Asks again until a condition holds, for what nobody announces: the one place where these tests
 * pass time.
 */

/** Longest wait, in ms; passed only by a test that fails. */
export const PATIENCE = 60_000;

const AGAIN_MS = 50;

/**
 * A question takes at most a sixth of the time: some read all of /proc, and other tests need the
 * processor.
 */
const PAUSE = 5;

/**
 * The first answer that is neither false, null nor undefined; throws with `explain`'s text when the
 * time is up.
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  explain: () => unknown = () => "",
  ms = PATIENCE,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + ms;
  for (;;) {
    const asked = performance.now();
    const answer = await ask();
    const pause = Math.max(AGAIN_MS, PAUSE * (performance.now() - asked));
    if (answer) return answer as Exclude<T, false | null | undefined>;
    if (performance.now() >= end)
      throw new Error(`never: ${what}\n${JSON.stringify(await explain())}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
