import { expect, it } from "vitest";
import { Recognition } from "../../../../ops/programs/progress/recognition.js";

it("reads a sample of a long output without progress, all that looks like progress, and then all again", () => {
  const asked: string[] = [];
  const recognition = new Recognition([
    {
      source: "text",
      begins: null,
      create: () => ({
        name: "x",
        read: (text) => {
          asked.push(text);
          return text.includes("50%") ? { percent: 50 } : null;
        },
      }),
    },
  ]);
  const read = (text: string, isFrame = false) => recognition.read(text, isFrame);
  for (let n = 1; n <= 2000; n++) read(`line ${n}`);
  expect(asked).toHaveLength(1000 + 1000 / 8);
  asked.length = 0;
  for (const text of ["quiet", "[1/2]", "at 1%"]) read(text);
  read("frame", true);
  expect(asked).toEqual(["[1/2]", "at 1%", "frame"]);
  asked.length = 0;
  for (const text of ["50%", "quiet", "quiet"]) read(text);
  expect(asked).toEqual(["50%", "quiet", "quiet"]);
});

it("asks the recognisers of JSON first, and none for a very long text for people", () => {
  const entry = (source: "json" | "text") => ({
    source,
    begins: null,
    create: () => ({ name: source, read: () => ({ percent: 1 }) }),
  });
  const recognition = new Recognition([entry("text"), entry("json")]);
  expect(recognition.read("a", false)?.form).toBe("json");
  const onlyText = new Recognition([entry("text")]);
  expect(onlyText.read("a", false)?.form).toBe("text");
  expect(onlyText.read("a".repeat(2001), false)).toBeNull();
});

it("goes on without a recogniser that throws", () => {
  let calls = 0;
  const broken = () => {
    calls++;
    throw new Error("a mistake");
  };
  const recognition = new Recognition([
    { source: "text", begins: null, create: () => ({ name: "broken", read: broken }) },
    {
      source: "text",
      begins: null,
      create: () => ({ name: "sound", read: () => ({ percent: 1 }) }),
    },
  ]);
  recognition.read("a", false);
  expect([recognition.read("a", false)?.form, calls]).toEqual(["sound", 1]);
});

it("asks a recogniser only about texts that begin as its row says, whatever begins the others", () => {
  const recognition = new Recognition([
    { source: "text", begins: "#[", create: () => ({ name: "x", read: () => ({ percent: 1 }) }) },
  ]);
  const isRead = (text: string) => recognition.read(text, false) !== null;
  expect(["#1", "[1]", "a #", "#2"].map(isRead)).toEqual([true, true, false, true]);
  for (let code = 0x100; code < 0x300; code++)
    expect(isRead(String.fromCharCode(code))).toBe(false);
  expect(isRead("#3")).toBe(true);
});

it("asks a recogniser with a pattern about lines that have it, frames, and the line before", () => {
  const asked: string[] = [];
  const read = (text: string) => {
    asked.push(text);
    return null;
  };
  const recognition = new Recognition([
    { source: "text", begins: /\d%/, create: () => ({ name: "x", read }) },
  ]);
  for (const text of ["one", "file", "\x1b[1m5\x1b[0m%", "more", "7%"])
    recognition.read(text, false);
  recognition.read("frame", true);
  expect(asked).toEqual(["file", "\x1b[1m5\x1b[0m%", "more", "7%", "frame"]);
});
