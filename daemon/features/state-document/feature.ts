/** Writes `state.json`. */
import type { MakeFeature } from "../../compose.js";
import { StateDocumentWriter } from "./state-document.js";

export const stateDocument: MakeFeature = ({ layout, bus, log, store, view }) => {
  const document = new StateDocumentWriter(layout.document, { bus, log, store, view });
  return {
    start: () => document.write(),
    stop: () => document.stop(),
  };
};
