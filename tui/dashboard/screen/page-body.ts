/** The pages that stand over list and operation: what each is called, and its rows. */
import type { State } from "../state/model.js";
import type { Page } from "../state/page.js";
import { tame } from "./cells.js";
import { help } from "./help.js";
import { copyRows } from "./log.js";
import type { Paint } from "./paint.js";
import { recordPage } from "./record.js";
import { retryPage } from "./retry.js";
import { formPage } from "./submit/form.js";
import { typesPage } from "./submit/types.js";
import { timelinePage } from "./timeline/page.js";

export function pageTitle(page: Page): string {
  switch (page.kind) {
    case "help":
      return "keys";
    case "types":
      return "submit";
    case "form":
      return `submit ${tame(page.form.type.op)}`;
    case "copy":
      return "log";
    case "record":
      return "operation";
    case "retry":
      return "retry";
    case "timeline":
      return "timeline";
  }
}

/** At most so many rows, none wider than the width. */
export function pageBody(state: State, page: Page, width: number, height: number, paint: Paint): string[] {
  switch (page.kind) {
    case "help":
      return help(page, width, height, paint);
    case "types":
      return typesPage(state, width, height, paint);
    case "form":
      return formPage(state, page.form, width, height, paint);
    case "copy":
      return copyRows(state, paint);
    case "record":
      return recordPage(state, page, width, height, paint);
    case "retry":
      return retryPage(state, page, width, height, paint);
    case "timeline":
      return timelinePage(state, page, width, height, paint);
  }
}
