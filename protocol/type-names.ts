/**
 * Turns a class name into the name and title of a type: `LoadCSVFile` becomes `load-csv-file` and
 * "Load CSV File".
 */

/** Matches a valid name of an operation type. */
export const OP_PATTERN = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

export function kebabCase(className: string): string {
  return words(className).join("-").toLowerCase();
}

/** The name that a class gives to its type; null: no name can be made from the class name. */
export function opOf(className: string): string | null {
  const name = kebabCase(className);
  return className !== "default" && OP_PATTERN.test(name) ? name : null;
}

export function titleCase(className: string): string {
  return words(className).join(" ");
}

function words(className: string): string[] {
  return className
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .split(/[\s_$]+/)
    .filter(Boolean);
}
