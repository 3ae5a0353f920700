/** The door of the feature that runs operations inside of an attempt in its own process. */
export { inlineChildren } from "../features/nested/inline-children.js";
