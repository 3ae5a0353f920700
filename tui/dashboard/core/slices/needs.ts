/** What a person looked at. */
export interface NeedsSlice {
  /** Failures that nobody has looked at, newest first. */
  readonly failures: readonly string[];
  /** Place in the daemon's failures up to which somebody looked, and the newest place. */
  readonly cursor: string | null;
  /** When the person first looked at this daemon, in ms. */
  readonly began: number;
  /** Keys of what needs a person and was looked at, now or in an earlier dashboard. */
  readonly looked: ReadonlySet<string>;
}
