/** Caches the result of a function for each object, as long as the object lives. */
export function perObject<K extends object, V extends object | string, A extends unknown[]>(
  make: (key: K, ...more: A) => V,
): (key: K, ...more: A) => V {
  const known = new WeakMap<K, V>();
  return (key, ...more) => {
    const value = known.get(key);
    if (value !== undefined) return value;
    const made = make(key, ...more);
    known.set(key, made);
    return made;
  };
}
