// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are templates of a pipeline
/** Templates: what is printed is read back as the same parts. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Template } from "../../../ops/pipeline/definition.js";
import { parseTemplate } from "../../../ops/pipeline/template.js";

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,300}$/);

/** As `parseTemplate` makes them: no empty text, and no two texts in a row. */
const template: fc.Arbitrary<Template> = fc
  .array(
    fc.oneof(
      name.map((each) => ({ name: each })),
      fc.string({ unit: "binary", minLength: 1 }).map((text) => ({ text })),
    ),
  )
  .map((parts) =>
    parts.filter((part, n) => !("text" in part && parts[n - 1] && "text" in parts[n - 1]!)),
  );

/** The text of which `parseTemplate` makes the same parts. */
function printTemplate(template: Template): string {
  return template
    .map((part) => ("text" in part ? part.text.replaceAll("$", "$$$$") : `\${${part.name}}`))
    .join("");
}

test("parse(print(template)) is the template", () => {
  fc.assert(
    fc.property(template, (each) => {
      expect(parseTemplate(printTemplate(each))).toEqual({ template: each });
    }),
  );
});

test("a text without $ is one part, and any text is a template or has a problem", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const parsed = parseTemplate(text);
      if ("template" in parsed)
        expect(parseTemplate(printTemplate(parsed.template))).toEqual(parsed);
      else expect(parsed.problem).not.toBe("");
      if (!text.includes("$")) expect(parsed).toEqual({ template: text === "" ? [] : [{ text }] });
    }),
  );
});

test.each<[string, Template]>([
  ["$a$b", [{ name: "a" }, { name: "b" }]],
  ["${a}b", [{ name: "a" }, { text: "b" }]],
  ["$ab", [{ name: "ab" }]],
  ["$$a", [{ text: "$a" }]],
  ["$$$a", [{ text: "$" }, { name: "a" }]],
  ["x$$$$y", [{ text: "x$$y" }]],
])("%s", (text, wanted) => {
  expect(parseTemplate(text)).toEqual({ template: wanted });
});
