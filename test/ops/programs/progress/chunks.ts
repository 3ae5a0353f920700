/** Cuts bytes into chunks, to test that the result does not depend on them. */
export function cutUp(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  let rest = bytes;
  const chunks = cuts.map((cut) => {
    const chunk = rest.subarray(0, cut);
    rest = rest.subarray(cut);
    return chunk;
  });
  return [...chunks, rest];
}
