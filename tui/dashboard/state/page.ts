/** What stands over list and operation on the whole body, one at a time; escape goes back. */
import type { FormPage } from "./pages/form.js";
import type { RecordPage } from "./pages/record.js";
import type { RetryPage } from "./pages/retry.js";
import type { TimelinePage } from "./pages/timeline.js";
import type { TypesPage } from "./pages/types.js";

export type Page = HelpPage | CopyPage | RecordPage | TypesPage | FormPage | RetryPage | TimelinePage;

/** Only the text of the log, for the terminal's own selection. */
export interface CopyPage {
  readonly kind: "copy";
  /** Whether the log was followed before. */
  readonly followed: boolean;
}

export interface HelpPage {
  readonly kind: "help";
  /** First row on the screen. */
  readonly top: number;
}
