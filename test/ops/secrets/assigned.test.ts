/** What stands where a secret is written is masked, whatever it is; what follows it stays. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { Masker } from "../../../ops/secrets/masker.js";
import { shellLine, shellQuote } from "../../../protocol/text/shell-quote.js";
import { cases } from "../../faults/mode.js";

const masked = (text: string) => new Masker().maskOutgoing(text);

test.each([
  ["echo token=abc; exit 23", "echo token=***; exit 23"],
  ["AWS_SECRET_ACCESS_KEY = wJalrX/7+a", "AWS_SECRET_ACCESS_KEY = ***"],
  ["+password: 'two words' # old", "+password: '***' # old"],
  ['{"apiKey": "a\\"b c", "user": "me"}', '{"apiKey": "***", "user": "me"}'],
  ['"{\\"token\\":\\"two words\\",\\"n\\":1}"', '"{\\"token\\":\\"***\\",\\"n\\":1}"'],
  ["mysql --password 'two words' db", "mysql --password '***' db"],
  ["mysql --password=hunter2 db", "mysql --password=*** db"],
  ["curl -H 'Authorization: Bearer abcdef123456' x", "curl -H 'Authorization: Bearer ***' x"],
  ["curl 'http://box/?token=abc&page=2'", "curl 'http://box/?token=***&page=2'"],
  ["https://ada:s3c@ret@example.org/a", "https://ada:***@example.org/a"],
  ["f(token=abc, n)", "f(token=***, n)"],
  ["\x1b[1mtoken\x1b[0m=\x1b[31mab\x1b[0mc", "\x1b[1mtoken\x1b[0m=\x1b[31m***\x1b[0m"],
  ["password: 'cut of", "password: '***"],
  ["token='a\\'\\''aaaaaa' ; exit", "token='***' ; exit"],
  ["token: 'a\\''aaaaaa' ; exit", "token: '***' ; exit"],
])("%j", (text, expected) => expect(masked(text)).toBe(expected));

test.each([
  "token: $TOKEN",
  'curl -H "Authorization: Bearer $TOKEN"',
  "password=$(cat /run/pw)",
  `token: $\{{ secrets.TOKEN }}`,
  "password=env:PW, token=file:~/.token",
  "--token-file /run/token --password-stdin ghcr.io",
  "PGPASSFILE=/run/pg, PASSWORD_FILE = /run/pw",
  "usage: --token <TOKEN>",
  '{"token": null, "secret": "***"}',
  "Token::parse failed",
  "the token is invalid",
  "postgres://ada:$PW@box/db",
])("%s is no secret", (text) => expect(masked(text)).toBe(text));

describe("a secret", () => {
  const NAMES = ["token", "DB_PASSWORD", "client-secret", "apiKey", "AWS_SECRET_ACCESS_KEY"];
  const double = (text: string) => `"${text.replace(/[\\"$`]/g, "\\$&")}"`;
  const FORMS: ReadonlyArray<(name: string, secret: string) => string> = [
    (name, secret) => `${name}=${shellQuote(secret)}`,
    (name, secret) => `export ${name}=${double(secret)}`,
    (name, secret) => `${name} = ${JSON.stringify(secret)}`,
    (name, secret) => `${name}: '${secret.replaceAll("'", "''")}'`,
    (name, secret) => JSON.stringify({ [name]: secret }),
    (name, secret) => JSON.stringify(JSON.stringify({ [name]: secret })),
    (name, secret) => shellLine(["curl", "-d", JSON.stringify({ [name]: secret })]),
    (name, secret) => shellLine([`--${name}`, secret]),
    (name, secret) => shellLine(["sh", "-c", `run --${name} ${shellQuote(secret)}`]),
    (_, secret) =>
      shellLine(["-H", `Authorization: Bearer abc${secret.replaceAll(/[\s"'&]/g, "")}`]),
    (_, secret) => shellQuote(`https://me:${encodeURIComponent(secret)}@example.org/x`),
  ];
  const secrets = fc
    .string({ unit: fc.constantFrom(...`aBc1-_ "'\\$&<>/+%=;)@ä`), minLength: 6, maxLength: 40 })
    // It would be a reference, or no longer itself in quotes of another kind.
    .filter((text) => /^[aBc1]/.test(text) && /[aBc1]$/.test(text));

  it("is masked in all its forms, and the mask ends with it", () => {
    fc.assert(
      fc.property(
        secrets,
        fc.constantFrom(...NAMES),
        fc.constantFrom(...FORMS),
        (secret, name, form) => {
          const out = masked(`first ${form(name, secret)} ; exit 23`);
          expect(out).toContain("***");
          expect(out).toMatch(/^first .* ; exit 23$/);
          // Nothing of it: neither whole nor a part that is long enough to be told from other text.
          for (const part of secret.match(/[aBc1]{4,}/g) ?? []) expect(out).not.toContain(part);
        },
      ),
      { numRuns: cases(2000) },
    );
  });
});

test("a long text costs its length", () => {
  for (const unit of [
    "token=",
    "token='",
    "--password ",
    "://a:",
    "-",
    'token="\\',
    "password_",
    "''",
  ])
    expect(masked(unit.repeat(200_000 / unit.length)).length).toBeGreaterThan(0);
});
