/** What stands over list and operation on the whole body, one at a time; escape goes back. */

export type Page = HelpPage;

export interface HelpPage {
  readonly kind: "help";
  /** First row on the screen. */
  readonly top: number;
}
