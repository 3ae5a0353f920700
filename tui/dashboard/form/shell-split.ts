/** A list as one types it: words as a shell splits them, with quotes and backslashes; nothing is expanded. */

/** The words; null where a quote is not closed yet. */
export function shellSplit(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: "'" | '"' | null = null;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quote !== null && character === quote) quote = null;
    else if (quote === "'") word += character;
    else if (character === "\\" && (quote === null || /["\\$`]/.test(text[i + 1] ?? ""))) {
      if (text[i + 1] === undefined) return null;
      word = (word ?? "") + text[++i];
    } else if (quote === '"') word += character;
    else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + character;
  }
  if (quote !== null) return null;
  return word === null ? words : [...words, word];
}
