/** A flag and its value as words of a command line. */

/** A value that begins with a dash would be read as an option of its own. */
export function flagged(flag: string, value: string): string[] {
  return value.startsWith("-") ? [`${flag}=${value}`] : [flag, value];
}
