/** Words of one in English, but no signs of units such as `km` and `GiB`, and no plural. */
const ONE = /^[a-z]{2,}[a-rt-z]$/;

/** `row` of 1, `rows` of other numbers; a sign or a plural as it is. */
export function unitFor(n: number, unit: string): string {
  if (n === 1 || !ONE.test(unit)) return unit;
  if (/[^aeiou]y$/.test(unit)) return `${unit.slice(0, -1)}ies`;
  return `${unit}${/([xz]|[cs]h)$/.test(unit) ? "es" : "s"}`;
}

/** `1 file`, `2 files`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
