import type { TypesReply } from "../../../../protocol/replies.js";
import type { Form } from "../../form/form.js";

/** What can be submitted. */
export interface SubmitSlice {
  readonly types: TypesReply | null;
  readonly typesWanted: boolean;
  /** Forms that were left before they were submitted, by type. */
  readonly drafts: ReadonlyMap<string, Form>;
}

export const SUBMIT: SubmitSlice = { types: null, typesWanted: false, drafts: new Map() };
