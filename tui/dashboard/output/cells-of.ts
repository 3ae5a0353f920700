/**
 * A styled row of text as the cells of a terminal: what stands in each column, and in which style.
 *
 * A character of two columns takes a cell and leaves the next one empty (""); what has no width of its own joins the
 * cell before it.
 */
import { columnsOf } from "../../terminal/width.js";
import { certainWidth } from "../../terminal/widths.js";
import { styleAfter } from "./sgr.js";

export interface Cells {
  readonly text: readonly string[];
  readonly styles: readonly string[];
  /** Whether all terminals agree where each of its cells is: one column a character, none with marks upon it. */
  readonly certain: boolean;
}

const SGR = /\x1b\[([\d;]*)m/g;

const segmenter = new Intl.Segmenter();

export function cellsOf(row: string): Cells {
  const text: string[] = [];
  const styles: string[] = [];
  let certain = true;
  let style = "";
  let from = 0;
  const add = (piece: string) => {
    if (piece === "") return;
    if (certainWidth(piece) === piece.length) {
      for (let i = 0; i < piece.length; i++) {
        text.push(piece[i]!);
        styles.push(style);
      }
      return;
    }
    certain = false;
    for (const { segment } of segmenter.segment(piece)) addCluster(text, styles, segment, style);
  };
  SGR.lastIndex = 0;
  for (let code = SGR.exec(row); code !== null; code = SGR.exec(row)) {
    add(row.slice(from, code.index));
    style = styleAfter(style, code[1]!);
    from = SGR.lastIndex;
  }
  add(row.slice(from));
  return { text, styles, certain };
}

function addCluster(text: string[], styles: string[], cluster: string, style: string): void {
  const width = columnsOf(cluster);
  if (width === 0) {
    if (text.length > 0) text[text.length - 1] += cluster;
    return;
  }
  text.push(cluster);
  styles.push(style);
  for (let i = 1; i < width; i++) {
    text.push("");
    styles.push(style);
  }
}
