/** What the daemon is asked to do: one thing at a time, each as a value, so that it can be asked about and shown first. */

export type Request =
  | { readonly kind: "cancel"; readonly id: string }
  | {
      readonly kind: "retry";
      readonly id: string;
      /** The stage whose stored value, and all after it, are forgotten. */
      readonly from?: string;
    }
  | { readonly kind: "again"; readonly id: string }
  | { readonly kind: "remove"; readonly id: string }
  | Submit;

export interface Submit {
  readonly kind: "submit";
  readonly op: string;
  /** Words `name=value`, as they are typed in a shell. */
  readonly set: readonly string[];
  /** What follows `--` in a shell; undefined where nothing does. */
  readonly args: readonly string[] | undefined;
  /** Instead of words, where a parameter's name cannot be typed as one. */
  readonly params: Readonly<Record<string, unknown>> | undefined;
  /** "" for none. */
  readonly label: string;
}

/** The operation that it is about; null for a new one. */
export function idOf(request: Request | null): string | null {
  return request === null || request.kind === "submit" ? null : request.id;
}

/** For the header, while the answer is awaited. */
export const UNDER_WAY: Record<Request["kind"], string> = {
  cancel: "cancelling",
  retry: "retrying",
  again: "submitting",
  remove: "removing",
  submit: "submitting",
};
