/** What stands over list and operation on the whole body, one at a time; escape goes back. */

import type { FormPage } from "./pages/form.js";
import type { RecordPage } from "./pages/record.js";
import type { RetryPage } from "./pages/retry.js";
import type { TimelinePage } from "./pages/timeline.js";
import type { TypesPage } from "./pages/types.js";

export type Page = HelpPage | RecordPage | TypesPage | FormPage | RetryPage | TimelinePage;

export interface HelpPage {
  readonly kind: "help";
  /** First row on the screen. */
  readonly top: number;
}
