/** The door of the feature that runs operations inside of an attempt. It is loaded at the first call. */
export { runChild } from "../features/nested/run-child.js";
