/** A static of an operation type, as a feature adds it. */
export interface FeatureStatic<T> {
  /** The value of a type without it. */
  usual: T;
  /** What it must be, for an error. */
  must: string;
  fits(value: unknown): boolean;
}
