/** The page of `liveops export --html` in a real browser: what it shows, and that nothing in it acts or leaves it. */
// @module-tag chromium
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SNEAKY } from "../../../end-to-end/operations/sneaks.js";
import { until } from "../../../end-to-end/until.js";
import { useWorld } from "../../../end-to-end/world.js";
import { Browser } from "../../../harness/browser.js";

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
    expect(await shown(".row")).toContainEqual(expect.stringMatching(/^\d+log .*pwned/));
    expect(await browser.run(`document.querySelector(".row[title*='untracked']").title`)).toContain(
      `untracked ${VISIBLE}`,
    );
    expect(await browser.run("typeof pwned")).toBe("undefined");
    expect(await count("script, img, iframe, object, embed, link, base, form")).toBe(0);
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
  test("has stages with their signs, a timeline, and the log with its colours", async () => {
    await browser.open(page);
    expect(await shown(".stages .sign")).toEqual(["✓", "»", "▲", "✗"]);
    expect(await shown(".badge")).toEqual(["✗ failed"]);
    expect(await count(".timeline rect.allowed-failure")).toBe(1);
    expect(await count(".timeline rect.skipped")).toBe(1);
    expect(await shown(".row .ansi-red-fg")).toEqual(["red"]);
    expect(await shown(".row .ansi-blue-bg")).toEqual(["bold on blue"]);
    expect(await browser.run("document.querySelector('.row span[style*=rgb]').style.color")).toBe(
      "rgb(1, 2, 3)",
    );
    expect(await shown(".row.stderr")).toEqual([expect.stringContaining(`stderr ${VISIBLE}`)]);
  });

  test("is light or dark as the system says, and light on paper", async () => {
    await browser.open(page);
    const back = () => browser.run<string>("getComputedStyle(document.body).backgroundColor");
    const set = (value: string) =>
      browser.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
    await set("light");
    expect(await back()).toBe("rgb(255, 255, 255)");
    await set("dark");
    expect(await back()).not.toBe("rgb(255, 255, 255)");
    await browser.send("Emulation.setEmulatedMedia", { media: "print" });
    expect(await back()).toBe("rgb(255, 255, 255)");
    await browser.send("Emulation.setEmulatedMedia", { media: "" });
  });

  test("opens at the line of a link, in a log of several blocks", async () => {
    const long = await world.submit("sneaks", "lines=6000", "fail=no");
    await world.finished(long);
    const file = await exported("long.html", long);
    await browser.open(file, `#${long}.L5900`);
    expect(await count(".row")).toBe((await world.client.show(long)).logLines);
    expect(await shown(".row:target > a")).toEqual(["5900"]);
    const isInSight = `(() => { const row = document.querySelector(".row:target").getBoundingClientRect();
      return row.top >= 0 && row.bottom <= innerHeight; })()`;
    await until("the line is in sight", () => browser.run<boolean>(isInSight));
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
    expect(await count(".row")).toBe(0);
    expect(browser.reports).toEqual([]);
  });
});
