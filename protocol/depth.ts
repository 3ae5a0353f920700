/** How deeply a JSON value is nested. Beyond some thousand levels what walks it runs out of stack. */

/** Whether the value has lists and objects within each other more than `levels` deep; looks no deeper than that. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}
