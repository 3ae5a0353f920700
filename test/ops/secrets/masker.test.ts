/** Masks: in which forms a secret is found, and that no cut leaves a part of one. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lines, LONGEST_LINE } from "../../../ops/programs/output.js";
import { MASK, Masker } from "../../../ops/secrets/masker.js";
import { formsOf } from "../../../ops/secrets/secret-forms.js";
import { withoutSequences } from "../../../protocol/text/sgr.js";
import { cases } from "../../faults/mode.js";

function maskerOf(...secrets: string[]): Masker {
  const masker = new Masker();
  for (const secret of secrets) masker.add(secret);
  return masker;
}

describe("a mask", () => {
  it("covers secrets that overlap, and one within another", () => {
    const masker = maskerOf("abcdef", "abcdefgh", "ghijkl");
    expect(masker.mask("<abcdefgh> <abcdef> <abcdefghijkl>")).toBe(`<${MASK}> <${MASK}> <${MASK}>`);
    expect(masker.mask("abcdefabcdef")).toBe(MASK + MASK);
    expect(masker.maskUnfinished("abcde, abcd")).toBe(`abcde, ${MASK}`);
  });

  it("of a coloured part keeps the colours", () => {
    const masker = maskerOf("tr0ub4dor");
    const [red, plain] = ["\x1b[01;31m", "\x1b[m"];
    expect(masker.mask(`${red}a tr0${red}ub4${plain}dor${plain} tr0${red}ub4dor${plain}`)).toBe(
      `${red}a ${MASK}${red}${plain}${plain} ${MASK}${red}${plain}`,
    );
    expect(masker.mask(`${red}tr0ub4${plain} dor`)).toBe(`${red}tr0ub4${plain} dor`);
  });

  it("leaves names that connect events, and masks all else", () => {
    const masker = maskerOf("Dump", "done");
    const left = {
      type: "stage:left",
      stage: "Dump",
      index: 0,
      state: "done",
      resumed: false,
      seconds: 1,
    } as const;
    expect(masker.maskEvent({ ...left, reason: "Dump ran" })).toEqual({
      ...left,
      reason: `${MASK} ran`,
    });
    expect(masker.maskValue({ Dump: ["a Dump", 1, null] })).toEqual({
      [MASK]: [`a ${MASK}`, 1, null],
    });
  });

  it("takes no quadratic time for a text that repeats itself", () => {
    const secret = `${"ab".repeat(20_000)}c`;
    const text = "ab".repeat(100_000);
    // Of quadratic time, this takes minutes.
    expect(maskerOf(secret).mask(text)).toBe(text);
    expect(maskerOf("abab").mask(text)).toBe(MASK);
    expect(maskerOf("a".repeat(50_000)).mask("a".repeat(1_000_000))).toBe(MASK);
  });
});

describe("a form", () => {
  const SECRET = "pa\"ss\\w'örd <&> $x/+9=#~";
  const env = { ...process.env, SECRET, LC_ALL: "C.UTF-8" };
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const bash = (script: string) => run("bash", "-c", `exec 2>&1; ${script}`);

  it.each([
    ["JSON", () => JSON.stringify({ a: `user:${SECRET}` }), '{"a":"user:***"}'],
    ["JSON of Go", () => goJson(SECRET), '"***"'],
    ["JSON of Python", () => asciiJson(SECRET), '"***"'],
    ["set -x", () => bash('set -x; : "$SECRET"'), "+ : '***'\n"],
    ["printf %q", () => bash('printf %q "$SECRET"'), "***"],
    ["printf %q of ASCII", () => bash('LC_ALL=C; printf %q "$SECRET"'), "$'***'"],
    ["bash @Q", () => bash(`echo "\${SECRET@Q}"`), "'***'\n"],
    ["double quotes", () => `"${SECRET.replace(/[\\"$]/g, "\\$&")}"`, '"***"'],
    ["Python's repr", () => `'${SECRET.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`, "'***'"],
    ["SQL", () => `'${SECRET.replaceAll("'", "''")}'`, "'***'"],
    ["URL", () => encodeURIComponent(SECRET), "***"],
    ["form", () => new URLSearchParams({ q: SECRET }).toString(), "q=***"],
    ["curl's URL", () => encodeURIComponent(SECRET).replaceAll("'", "%27"), "***"],
    ["XML", () => xml(SECRET), "<a>***</a>"],
  ])("of %s is masked", (_, printed, expected) => {
    expect(maskerOf(SECRET).mask(printed())).toBe(expected);
  });

  it("of base64 is masked wherever the secret stands in it, and in lines", () => {
    const long = `${SECRET}-${"0123456789".repeat(20)}`;
    for (const secret of [SECRET, long])
      for (const before of ["", "u", "us", "user:"])
        for (const encoding of ["base64", "base64url"] as const) {
          const masked = (end: string) =>
            maskerOf(secret).mask(Buffer.from(before + secret + end).toString(encoding));
          // Characters with bits of bytes before or behind it stay; padding does not.
          for (const end of ["", "\n"]) expect(masked(end)).toMatch(/^\w{0,7}\*\*\*$/);
          expect(masked(":x")).toMatch(/^\w{0,7}\*\*\*[\w=]{1,5}$/);
        }
    const lines = Buffer.from(`${long}\n`)
      .toString("base64")
      .match(/.{1,76}/g) as string[];
    for (const line of lines) expect(maskerOf(long).mask(line)).toMatch(/^\*\*\*.{0,5}$/);
  });

  it("of a short secret masks no ordinary text", () => {
    const short = formsOf("a1b2");
    expect(short).toEqual(["a1b2"]);
    expect(formsOf("key").length + formsOf("    ").length).toBe(0);
    for (const secret of ["passw0rd", "12345678", "röd'\"&"])
      for (const form of formsOf(secret))
        expect(form === secret || form.length >= 8 || /[\\%&'"]/.test(form)).toBe(true);
  });

  it("of several lines is that of each line, and of the whole", () => {
    const key = '-----BEGIN-----\nabc"defgh\n  indented\n}\n-----END-----';
    const masker = maskerOf(key);
    expect(key.split("\n").map((line) => masker.mask(line))).toEqual([MASK, MASK, MASK, "}", MASK]);
    expect(masker.mask(`{"key":${JSON.stringify(key)}}`)).toBe(`{"key":"${MASK}"}`);
    expect(masker.mask(JSON.stringify(key.slice(16, 25)))).toBe(`"${MASK}"`);
  });
});

function goJson(text: string): string {
  const names: Record<string, string> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };
  return JSON.stringify(text).replace(/[<>&]/g, (found) => names[found]!);
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replaceAll("ö", "\\u00f6");
}

function xml(text: string): string {
  const names: Record<string, string> = {
    "<": "lt",
    ">": "gt",
    "&": "amp",
    '"': "quot",
    "'": "apos",
  };
  return `<a>${text.replace(/[<>&"']/g, (found) => `&${names[found]};`)}</a>`;
}

describe("a long line", () => {
  /** Neither in a secret nor in a form of one. */
  const FILLER = "·";
  const RED = "\x1b[31m";
  const UNSEEN = /\x1b\[31m|\0/g;
  const secrets = fc.oneof(
    fc.string({ unit: fc.constantFrom(...`aBc1-_ "\\'$&<>/+%=ä🎉`), minLength: 4, maxLength: 60 }),
    // Longer than a line, and one that repeats itself.
    fc
      .tuple(fc.constantFrom("aB3/", 'k"', "x"), fc.integer({ min: 2000, max: 9000 }))
      .map(([unit, times]) => `<${unit.repeat(times)}>`),
  );
  /** Lengths of text around a secret: often so that a cut falls into the secret. */
  const fillers = fc.oneof(
    fc.integer({ min: 0, max: 50 }),
    fc.integer({ min: LONGEST_LINE - 70, max: LONGEST_LINE + 3 }),
    fc.integer({ min: 2 * LONGEST_LINE - 70, max: 2 * LONGEST_LINE + 3 }),
  );
  const pieces = fc.array(
    fc.record({
      filler: fillers,
      form: fc.nat(),
      unseen: fc.constantFrom("", RED, "\0"),
      at: fc.nat(),
      ends: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 70_000 })),
    {
      minLength: 1,
      maxLength: 20,
    },
  );

  function printed(masker: Masker, text: string, sizes: readonly number[]) {
    const out: string[] = [];
    const unfinished: string[] = [];
    const lines = new Lines({
      lines: (all) => out.push(...all),
      unfinished: (line) => unfinished.push(masker.maskUnfinished(line)),
      cut: (...line) => masker.cut(...line),
    });
    const bytes = Buffer.from(text);
    for (let at = 0, n = 0; at < bytes.length; n++) {
      const size = n < 50 ? sizes[n % sizes.length]! : bytes.length;
      lines.write(bytes.subarray(at, at + size));
      at += size;
    }
    lines.end();
    return { out, unfinished };
  }

  it("leaves no part of a secret, in whatever form, length and chunks", () => {
    fc.assert(
      fc.property(secrets, pieces, sizes, (secret, pieces, sizes) => {
        const masker = maskerOf(secret);
        const forms = formsOf(secret);
        fc.pre(forms.length > 0);
        const text = pieces.map(({ filler, form: nth, unseen, at, ends }) => {
          const form = [...forms[nth % forms.length]!];
          form.splice(at % form.length, 0, unseen);
          return FILLER.repeat(filler) + form.join("") + (ends ? "\n" : FILLER);
        });
        const { out, unfinished } = printed(masker, text.join(""), sizes);
        const seen = out.map((line) => masker.mask(line).replace(UNSEEN, ""));
        for (const line of seen) expect(line).toMatch(/^(?:·|\*\*\*)*$/);
        expect(seen.join("").split(MASK).length - 1).toBe(pieces.length);
        // A beginning that is too short to be taken for one of a secret.
        for (const line of unfinished)
          expect(withoutSequences(line.replace(UNSEEN, ""))).toMatch(/^(?:·|\*\*\*)*[^·]{0,3}$/);
      }),
      { numRuns: cases(200) },
    );
  });

  it("without a secret is as it was, and is cut where it would be cut without secrets", () => {
    const beginnings = fc.array(fc.tuple(fillers, fc.nat()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(secrets, beginnings, sizes, (secret, beginnings, sizes) => {
        const masker = maskerOf(secret);
        const forms = formsOf(secret);
        fc.pre(forms.length > 0);
        // Almost a form: all of it but the last character.
        const text = beginnings
          .map(
            ([filler, nth]) =>
              FILLER.repeat(filler) + forms[nth % forms.length]!.slice(0, -1) + FILLER,
          )
          .join("\n");
        fc.pre(!masker.finds(text));
        const { out } = printed(masker, text, sizes);
        expect(out.map((line) => masker.mask(line))).toEqual(
          printed(new Masker(), text, sizes).out,
        );
      }),
      { numRuns: cases(200) },
    );
  });
});
