/** When something of the waterfall was at work. */

export interface Span {
  /** In ms of the wall clock. */
  readonly from: number;
  /** Null: not over yet. */
  readonly to: number | null;
  /** `usual`: not begun yet, as long as it usually takes. */
  readonly look: "work" | "failed" | "cancelled" | "allowed-failure" | "waiting" | "paused" | "usual";
}
