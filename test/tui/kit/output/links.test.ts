/** Hyperlinks of the dashboard: on which terminals. */
import { expect, test } from "vitest";
import { wantsLinks } from "../../../../tui/kit/output/links.js";

const tty = { isTTY: true };

test.each([
  [tty, {}, true],
  [{}, {}, false],
  [tty, { NO_COLOR: "1" }, false],
  [tty, { TERM: "dumb" }, false],
  [tty, { TERM: "linux" }, false],
  [tty, { VTE_VERSION: "5000" }, false],
  [tty, { VTE_VERSION: "7600" }, true],
])("on %j with %j: %s", (stream, env, links) => expect(wantsLinks(stream, env)).toBe(links));
