/** The lines in which two texts differ, as lines of a diff. */

/** Lines of a text beyond which only its beginning and its end are compared. */
const COMPARED_MOST = 1500;
const LINES_MOST = 12;
const COLUMNS_MOST = 160;

/**
 * Lines that begin with ` `, `-` or `+`: one unchanged line before each group; at most 12, then a
 * last line `…`.
 */
export function lineDiff(before: string, now: string): string[] {
  const [a, b] = [before.split("\n"), now.split("\n")];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end))
    end++;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const changes =
    left.length * right.length > COMPARED_MOST ** 2 ? whole(left, right) : compared(left, right);
  const context = start > 0 ? [` ${a[start - 1]}`] : [];
  const shown = withoutFarLines([...context, ...changes]).map((line) =>
    line.slice(0, COLUMNS_MOST),
  );
  return shown.length <= LINES_MOST ? shown : [...shown.slice(0, LINES_MOST - 1), "…"];
}

const whole = (left: readonly string[], right: readonly string[]): string[] => [
  ...left.map((line) => `-${line}`),
  ...right.map((line) => `+${line}`),
];

/** By the longest common subsequence. */
function compared(a: readonly string[], b: readonly string[]): string[] {
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(` ${a[i]}`);
      i++;
      j++;
    } else if (
      j >= b.length ||
      (i < a.length && longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)
    ) {
      lines.push(`-${a[i]}`);
      i++;
    } else {
      lines.push(`+${b[j]}`);
      j++;
    }
  }
  return lines;
}

/** Of the unchanged lines, those right before a change. */
function withoutFarLines(lines: readonly string[]): string[] {
  const isChange = (line: string | undefined) => line !== undefined && !line.startsWith(" ");
  return lines.filter((line, i) => isChange(line) || isChange(lines[i + 1]));
}
