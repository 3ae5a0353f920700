/** Templates: `$name` and `${name}` stand for a whole value, `$$` for a dollar. */
import type { Template } from "./definition.js";

/** The parts; or why the text is not a template. Texts are never empty and never follow one another. */
export function parseTemplate(text: string): { template: Template } | { problem: string } {
  const parts: Array<{ text: string } | { name: string }> = [];
  let pending = "";
  const flush = () => {
    if (pending !== "") parts.push({ text: pending });
    pending = "";
  };
  // Sticky, so that a long text is read once.
  const token = new RegExp(TOKEN, "y");
  let at = 0;
  for (let dollar = text.indexOf("$"); dollar !== -1; dollar = text.indexOf("$", at)) {
    pending += text.slice(at, dollar);
    token.lastIndex = dollar;
    const [whole, braced, bare] = token.exec(text) ?? [];
    if (whole === undefined) return { problem: whyNot(text.slice(dollar)) };
    if (whole === "$$") pending += "$";
    else {
      flush();
      parts.push({ name: (braced ?? bare) as string });
    }
    at = dollar + whole.length;
  }
  pending += text.slice(at);
  flush();
  return { template: parts };
}

const TOKEN = /(?:\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*))/;

/** The text of which `parseTemplate` makes the same parts. */
export function printTemplate(template: Template): string {
  return template
    .map((part) => ("text" in part ? part.text.replaceAll("$", "$$$$") : `\${${part.name}}`))
    .join("");
}

/** Found in a script or a text that was meant for another tool. */
export const FOREIGN = "${{";

/** What to write for `${{ … }}`. */
export const NO_EXPRESSIONS =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text that the author wrote
  '${{ }} does not exist here; a script reads each parameter and output as a variable: "$name"';

function whyNot(rest: string): string {
  if (rest.startsWith(FOREIGN)) return NO_EXPRESSIONS;
  if (rest.startsWith("${"))
    return `${JSON.stringify(rest.slice(0, 20))} is not a name; write \${name}, or $$ for a dollar`;
  if (rest.startsWith("$("))
    return "$( ) needs a shell; write run as a text instead of a list, or $$ for a dollar";
  return "a $ needs a name; write $name, or $$ for a dollar";
}
