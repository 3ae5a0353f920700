/** Text mode that shows operations inside of others. */
export { followTree } from "./follow-tree.js";
export { TextTree } from "./text-tree.js";
