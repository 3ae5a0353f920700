/** The named values that a program reports: `output name=value`. */

/** Most characters of all names and values together. */
const MOST_CHARACTERS = 256 * 1024;

export class ProgramOutputs {
  readonly #values = new Map<string, string>();
  #characters = 0;

  /** @param label - name of the program, for the problem */
  constructor(private readonly label: string) {}

  /** A later value of the same name replaces the earlier one. @returns why the value is not kept; null: it is kept */
  set(name: string, value: string): string | null {
    const before = this.#values.get(name);
    const freed = before === undefined ? 0 : name.length + before.length;
    const after = this.#characters - freed + name.length + value.length;
    if (after > MOST_CHARACTERS)
      return `the output ${name} of ${this.label} is not kept: all outputs together have more than ${MOST_CHARACTERS / 1024} KiB; write the value to a file and report its path`;
    this.#characters = after;
    this.#values.set(name, value);
    return null;
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  get values(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }
}
