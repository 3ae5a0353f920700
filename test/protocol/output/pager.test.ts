/** Which pager a command starts. `test/end-to-end/output.test.ts` runs one. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { pagerCommand } from "../../../protocol/output/pager.js";

const dir = mkdtempSync(join(tmpdir(), "liveops-pager-"));
writeFileSync(join(dir, "less"), "");
chmodSync(join(dir, "less"), 0o755);
afterAll(() => rmSync(dir, { recursive: true }));

test.each([
  [{ PATH: `/nowhere::${dir}` }, "less"],
  [{ PATH: "/nowhere" }, null],
  [{}, null],
  [{ PATH: dir, PAGER: "more -d" }, "more -d"],
  [{ PATH: dir, PAGER: "more", LIVEOPS_PAGER: "most" }, "most"],
  [{ PATH: dir, PAGER: "more", LIVEOPS_PAGER: "" }, null],
  [{ PATH: dir, PAGER: " cat " }, null],
  [{ PATH: dir, PAGER: "" }, null],
  [{ PATH: dir, PAGER: "catdoc" }, "catdoc"],
  [{ PATH: dir, PAGER: "more", NO_PAGER: "1" }, null],
  [{ PATH: dir, NO_PAGER: "" }, "less"],
  [{ PATH: dir, PAGER: "more", TERM: "dumb" }, null],
])("with %j it is %j", (env, command) => expect(pagerCommand(env)).toBe(command));
