/** The page of `liveops export --html` in a real browser: what it shows, and that nothing in it acts or leaves it. */
// @module-tag chromium
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Browser } from "../harness/browser.js";
import { SNEAKY } from "./operations/sneaks.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld({ operations: ["sneaks", "links"] });

let browser: Browser;
let id: string;
let page: string;

beforeAll(async () => {
  browser = await Browser.start();
  id = await world.submit("sneaks", `text=${SNEAKY}`, "--label", `label ${SNEAKY}`);
  await world.finished(id);
  page = await exported("run.html", id);
});
afterAll(() => browser?.close());

async function exported(name: string, ...words: string[]): Promise<string> {
  const ended = await world.liveops(["export", ...words, "--html", "-o", name]);
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return join(world.work, name);
}

const shown = (selector: string) =>
  browser.run<string[]>(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].map((found) => found.textContent)`,
  );
const count = (selector: string) => browser.run<number>(`document.querySelectorAll("${selector}").length`);

/** Sets a tool of the log, as a person does, and waits for what the page says. */
async function search(values: Record<string, string | boolean>, says: RegExp): Promise<void> {
  await browser.run(`for (const [name, value] of Object.entries(${JSON.stringify(values)})) {
    const tool = document.querySelector('[data-tool="' + name + '"]');
    if (typeof value === "boolean") tool.checked = value; else tool.value = value;
    tool.dispatchEvent(new Event("input", { bubbles: true }));
    tool.dispatchEvent(new Event("change", { bubbles: true }));
  }`);
  await until(`the page says ${says}`, async () => says.test((await shown('[data-tool="found"]'))[0]!));
}

/** The text as the page shows it: bidi controls are visible. */
const VISIBLE = SNEAKY.replace("\u202e", "\\u202e");

describe("untrusted text", () => {
  test("stands in the page as text, everywhere, and nothing of it runs", async () => {
    await browser.open(page);
    expect(await shown("h1")).toEqual([expect.stringContaining(`title ${VISIBLE}`)]);
    expect(await shown(".label")).toEqual([`label ${VISIBLE}`]);
    expect((await shown(".stages tbody th"))[0]).toBe(`stage ${VISIBLE}`);
    expect(await shown(".stages .note")).toContain(`skipped: reason ${VISIBLE}`);
    expect(await shown(".stages .note")).toContain(`allowed failure: allowed ${VISIBLE}`);
    expect(await shown(".error .message")).toEqual([`error ${VISIBLE}`]);
    expect((await shown(".cause p"))[0]).toBe(`caused by: Error: cause ${VISIBLE}`);
    expect((await shown(".params pre"))[0]).toBe(VISIBLE);
    expect(await shown(".row .text")).toContain(`log ${VISIBLE}`);
    expect(await shown('[data-tool="stage"] option')).toContain(`untracked ${VISIBLE}`);
    expect(await browser.run("typeof pwned")).toBe("undefined");
    expect(await count("img, iframe, object, embed, link, base, form")).toBe(0);
    // Only the page's own script: the others hold the log.
    expect(await count("script:not([type='application/json'])")).toBe(1);
    expect(browser.dialogs).toEqual([]);
    expect(browser.reports).toEqual([]);
    expect(browser.requests).toEqual([`file://${page}`]);
    expect(readFileSync(page, "utf8")).not.toMatch(/[\u202e\x1b\x07]/);
  });

  test("could not run or leave even if it were markup: the policy forbids it", async () => {
    await browser.open(page);
    await browser.run(`document.body.insertAdjacentHTML("beforeend",
      '<img src="http://127.0.0.1:9/x.png" onerror="pwned = 1"><div id="x" onclick="pwned = 2"></div>')`);
    await browser.run(
      `{ const made = document.createElement("script"); made.textContent = "pwned = 3"; document.body.append(made); }`,
    );
    await browser.run(`document.getElementById("x").click()`);
    const fetched = browser.run(`fetch("http://127.0.0.1:9/").then(() => "sent", () => "refused")`);
    expect(await fetched).toBe("refused");
    expect(await browser.run("typeof pwned")).toBe("undefined");
    expect(browser.reports.join("\n")).toContain("Content Security Policy");
  });
});

describe("the page", () => {
  test("has stages with their signs, a timeline, and works without its script, except the log", async () => {
    await browser.send("Emulation.setScriptExecutionDisabled", { value: true });
    await browser.send("Page.navigate", { url: `file://${page}` });
    await until("the page is loaded", async () => (await count("footer")) === 1);
    expect(await shown(".stages .sign")).toEqual(["✓", "»", "▲", "✗"]);
    expect(await shown(".badge")).toEqual(["✗ failed"]);
    expect(await count(".timeline rect.allowed-failure")).toBe(1);
    expect(await count(".timeline rect.skipped")).toBe(1);
    expect(await count(".row")).toBe(0);
    expect(await browser.run("document.querySelector('noscript').innerText")).toContain("needs the script");
    await browser.send("Emulation.setScriptExecutionDisabled", { value: false });
  });

  test("shows the log with its colours, and follows light and dark", async () => {
    await browser.open(page);
    expect(await browser.run("document.querySelector('.row .f1').textContent")).toBe("red");
    expect(await browser.run("document.querySelector('.row .g4').className")).toBe("b g4 solid");
    expect(await browser.run("document.querySelector('.row [style]').style.color")).toBe("rgb(1, 2, 3)");
    const back = () => browser.run<string>("getComputedStyle(document.body).backgroundColor");
    const set = (value: string) =>
      browser.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
    await set("dark");
    const dark = await back();
    await set("light");
    expect(await back()).toBe("rgb(255, 255, 255)");
    await browser.run("document.querySelector('.theme').click()");
    expect(await back()).toBe(dark);
    expect(dark).not.toBe("rgb(255, 255, 255)");
    // Paper is always light.
    await browser.send("Emulation.setEmulatedMedia", { media: "print" });
    expect(await back()).toBe("rgb(255, 255, 255)");
    await browser.send("Emulation.setEmulatedMedia", { media: "" });
  });

  test("searches and filters, and says so where a pattern is wrong", async () => {
    await browser.open(page);
    const all = await count(".row");
    await search({ search: "LINE 1" }, /^1 of 11$/);
    expect(await count(".row")).toBe(all);
    expect((await shown(".row.now mark"))[0]).toBe("line 1");
    await search({ only: true }, /^1 of 11$/);
    expect(await count(".row")).toBe(11);
    await search({ case: true }, /^no match$/);
    expect(await shown(".row")).toEqual(["  No line fits."]);
    await search({ search: "line [12]5", regex: true, case: false }, /^1 of 1$/);
    await search({ search: "line (" }, /Unterminated|Invalid/);
    await search({ search: "", regex: false, only: false, stream: "stderr" }, /lines$/);
    expect(await shown(".row .text")).toEqual([`stderr ${VISIBLE}`]);
    await browser.run("document.querySelector('[data-tool=next]').click()");
    // A link to a line that the filter hides clears the filter.
    await browser.run(`location.hash = "#${id}.L5"`);
    await until("the line is shown", async () => (await count(".row.target")) === 1);
    expect((await shown(".row.target .text"))[0]).toBe("line 3 at 10:00:00");
    expect(await count(".row")).toBe(all);
  });

  test("opens at the line of a link, also in a log of which only some rows are in the document", async () => {
    const long = await world.submit("sneaks", "lines=6000", "fail=no");
    await world.finished(long);
    const file = await exported("long.html", long);
    await browser.open(file, `#${long}.L5900`);
    await until("the line is shown", async () => (await count(".row.target")) === 1);
    expect((await shown(".row.target .no"))[0]).toBe("5900");
    expect(await count(".row")).toBeLessThan(200);
    const place = `(() => { const box = document.querySelector(".log").getBoundingClientRect();
      const row = document.querySelector(".row.target, .row.now").getBoundingClientRect();
      return row.top >= box.top && row.bottom <= box.bottom; })()`;
    expect(await browser.run(place)).toBe(true);
    await search({ search: "line 4321 " }, /^1 of 1$/);
    expect((await shown(".row.now .no"))[0]).toBe("4323");
    // Every row is drawn where it belongs, from the first to the last.
    await browser.run("document.querySelector('.log').scrollTop = 1e9");
    const last = `${(await world.client.show(long)).logLines}`;
    await until("the last row is drawn", async () => (await shown(".row .no")).at(-1) === last);
    // On paper, the first rows and how many are missing.
    await browser.run("dispatchEvent(new Event('beforeprint'))");
    expect((await shown(".row")).at(-1)).toContain("more lines are not printed");
    expect(await count(".row")).toBe(3001);
    await browser.run("dispatchEvent(new Event('afterprint'))");
    expect(await count(".row")).toBeLessThan(200);
  });

  test("has all operations of a chain, and is made from a file as well", async () => {
    const first = await world.submit("first-link");
    const next = (await world.finished(first)).chain.next!;
    await world.finished(next);
    await world.liveops(["export", next, "--chain", "-o", "chain.json"]);
    const fromFile = await exported("chain.html", "chain.json");
    await browser.open(fromFile);
    expect(await shown("article h1")).toEqual(["✓ succeeded First Link", "✓ succeeded Second Link"]);
    expect(await shown(".chain a")).toEqual(["First Link", "Second Link"]);
    expect(await count(".timeline")).toBe(1);
    expect(await shown(".row")).toEqual(["  The log is empty.", "  The log is empty."]);
    expect(browser.reports).toEqual([]);
  });
});
