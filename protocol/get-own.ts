/** An entry of a map that is keyed by what users name: a stage may be called `toString`, which every object has. */
export function getOwn<V>(map: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
