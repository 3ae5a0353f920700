/** The function with a memory: what it makes of an object is kept for as long as that object lives. */
export function perObject<K extends object, V extends object | string, A extends unknown[]>(
  make: (key: K, ...more: A) => V,
): (key: K, ...more: A) => V {
  const known = new WeakMap<K, V>();
  return (key, ...more) => {
    const held = known.get(key);
    if (held !== undefined) return held;
    const made = make(key, ...more);
    known.set(key, made);
    return made;
  };
}
