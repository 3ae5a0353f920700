/**
 * The door of the feature that shows operations inside of others in text mode. Of each list, the
 * first one counts.
 */
import { followTree, TextTree } from "../features/nested/text.js";
import { ChainText, followLines, type TextOptions } from "./chain.js";

const FOLLOW: readonly (typeof followLines)[] = [
  // A feature that shows more has a line before the last one.
  followTree,
  followLines,
];

const TEXT: ReadonlyArray<new (options?: TextOptions) => Pick<ChainText, "take">> = [
  // As above.
  TextTree,
  ChainText,
];

export const follow = FOLLOW[0]!;

export function textOf(options?: TextOptions): Pick<ChainText, "take"> {
  return new TEXT[0]!(options);
}
