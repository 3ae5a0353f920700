/** Hyperlinks of commands: when, and that no text makes one. */
import { hostname } from "node:os";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sanitize } from "../../../../protocol/text/sanitize.js";
import { linkedLine } from "../../../../tui/cli/run-links.js";
import { fileUrl, linkerFor, unlinked, wantsLinks } from "../../../../tui/kit/output/links.js";

const tty = { isTTY: true };

test.each([
  [tty, {}, true],
  [{}, {}, false],
  [tty, { NO_COLOR: "1" }, false],
  [tty, { TERM: "dumb" }, false],
  [tty, { TERM: "linux" }, false],
  [tty, { VTE_VERSION: "5000" }, false],
  [tty, { VTE_VERSION: "7600" }, true],
  [{}, { FORCE_HYPERLINK: "1" }, true],
  [tty, { FORCE_HYPERLINK: "0" }, false],
  [tty, { FORCE_HYPERLINK: "1", NO_COLOR: "1" }, false],
  [tty, { FORCE_HYPERLINK: "" }, true],
])("on %j with %j: %s", (stream, env, links) => {
  expect(wantsLinks(stream, env)).toBe(links);
  expect(linkerFor(stream, env) === unlinked).toBe(!links);
});

const link = linkerFor(tty, {});
const LINK = /^\x1b\]8;;[\x21-\x7e]+\x1b\\[^\x1b\x07]*\x1b\]8;;\x1b\\$/;

test("a target that is not printable ASCII, or not http, https or file, is no link", () => {
  expect(link("https://example.org/a", "a")).toMatch(LINK);
  for (const url of ["javascript:x", "https://a\x1b\\", "https://ä", "https://a b", ""])
    expect(link(url, "a")).toBe("a");
});

test("files that exist are links with the name of the host; names are encoded", () => {
  expect(fileUrl("/")).toBe(`file://${hostname()}/`);
  expect(fileUrl("/no/such\x07file")).toBeNull();
  expect(fileUrl("/\0")).toBeNull();
  expect(linkedLine("target=/tmp", "/", link)).toBe(
    `target=\x1b]8;;file://${hostname()}/tmp\x1b\\/tmp\x1b]8;;\x1b\\`,
  );
  expect(linkedLine("see http://example.org.", "/", link)).toBe(
    "see \x1b]8;;http://example.org/\x1b\\http://example.org\x1b]8;;\x1b\\.",
  );
});

test("no text forges a link: without the links, the line is the sanitized text", () => {
  const pieces = [
    "https://a.b/",
    "\x1b]8;;",
    "\x1b\\",
    "\x07",
    "file:///tmp",
    "=/tmp",
    "a",
    " ",
    "日",
    "\u009d",
  ];
  const withoutLinks = (shown: string) => shown.replace(/\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\)/g, "");
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (untrusted) => {
      const line = sanitize(untrusted);
      const shown = linkedLine(line, "/", link);
      expect(withoutLinks(shown)).toBe(line);
      // Each link is closed before the next.
      const targets = [...shown.matchAll(/\x1b\]8;;([^\x1b]*)\x1b\\/g)].map(([, url]) => url !== "");
      expect(targets).toEqual(targets.map((_, i) => i % 2 === 0));
    }),
  );
});
