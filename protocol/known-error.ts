/**
 * Errors that say what they are in every bundle. Each bundle of dist/ has error classes of its own,
 * so that an error of another bundle is of another class. `instanceof` compares the names of the
 * classes here.
 */

const KINDS = Symbol.for("liveops.errorKinds");

export class KnownError extends Error {
  /** Name of the class, the same in every bundle. Each subclass has its own. */
  static kind = "KnownError";

  override name = (this.constructor as typeof KnownError).kind;

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!(value instanceof Object && KINDS in value)) return false;
    // biome-ignore lint/complexity/noThisInStatic: the subclass that `instanceof` names
    return (value[KINDS] as string[]).includes(this.kind);
  }

  /** The names of the class and of the classes that it extends. */
  get [KINDS](): string[] {
    const kinds: string[] = [];
    let type = this.constructor as typeof KnownError;
    for (; type.kind !== undefined; type = Object.getPrototypeOf(type)) kinds.push(type.kind);
    return kinds;
  }
}
