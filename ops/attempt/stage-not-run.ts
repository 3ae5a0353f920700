/** Thrown by the block of a stage or step that decides not to run; the operation goes on. */
export interface UnrunEnd {
  state: "skipped" | "up-to-date";
  reason: string;
  /** Seconds that it did not take. */
  saved?: number;
}

export class Unrun extends Error {
  constructor(readonly end: UnrunEnd) {
    super(end.reason);
  }
}
