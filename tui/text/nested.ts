/** The door of the feature that shows operations inside of others in text mode. */
export { followTree } from "../features/nested/follow-tree.js";
export { TextTree } from "../features/nested/text-tree.js";
