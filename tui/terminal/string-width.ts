/**
 * The package string-width, with a shorter way for what nearly all text on the screens consists of.
 *
 * The build gives it to Ink in the package's place (`scripts/build.mjs`): measuring was a third of a frame.
 */
import stringWidth, { type Options } from "string-width";
import { certainWidth } from "./certain.js";

export default function width(text: string, options?: Options): number {
  const certain = options === undefined ? certainWidth(text) : -1;
  return certain === -1 ? stringWidth(text, options) : certain;
}
