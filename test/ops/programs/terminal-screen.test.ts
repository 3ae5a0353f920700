/**
 * What somebody who attaches later sees: the same whatever the chunks, and nothing that the
 * terminal would answer.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TerminalScreen } from "../../../ops/programs/terminal-screen.js";

const ESC = "\x1b";
const PIECES = [
  "text",
  "é漢",
  "\r\n",
  "\r",
  `${ESC}[31m`,
  `${ESC}[2K`,
  `${ESC}[3;4H`,
  `${ESC}[?1049h`,
  `${ESC}[?1049l`,
  `${ESC}[?25l`,
  `${ESC}[?25h`,
  `${ESC}[?1000;1006h`,
  `${ESC}[?2004h`,
  `${ESC}[?2004l`,
  `${ESC}=`,
  `${ESC}>`,
  `${ESC}[6n`,
  `${ESC}[c`,
  `${ESC}[>q`,
  `${ESC}[?2026$p`,
  `${ESC}]0;title\x07`,
  `${ESC}]11;?${ESC}\\`,
  `${ESC}]52;c;?\x07`,
  `${ESC}P+q544e${ESC}\\`,
  "\x05",
];
const output = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 40 })
  .map((pieces) => pieces.join(""));

function screenOf(...chunks: Buffer[]): TerminalScreen {
  const screen = new TerminalScreen();
  for (const chunk of chunks) screen.write(chunk);
  return screen;
}

describe("the replay", () => {
  it("does not depend on the chunks", () => {
    fc.assert(
      fc.property(output, fc.array(fc.nat(400), { maxLength: 5 }), (text, cuts) => {
        const bytes = Buffer.from(text);
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort(
          (a, b) => a - b,
        );
        const chunks = places.slice(1).map((place, n) => bytes.subarray(places[n], place));
        // The end completes a sequence that a cut left open.
        const [whole, cut] = [
          screenOf(bytes, Buffer.from(".")),
          screenOf(...chunks, Buffer.from(".")),
        ];
        expect(cut.replay().toString()).toBe(whole.replay().toString());
        expect(cut.isAlternate).toBe(whole.isAlternate);
      }),
    );
  });

  it("asks the terminal nothing, and sets no title or clipboard", () => {
    fc.assert(
      fc.property(output, (text) => {
        const replay = screenOf(Buffer.from(text)).replay().toString();
        expect(replay).not.toMatch(/\x1b[\]P_^X]|\x1b\[[\d;]*[nc]|\x1b\[>|\$p|\x05/);
      }),
    );
  });

  it("restores the modes that are on, and the alternate screen with its own output", () => {
    const screen = screenOf(Buffer.from(`shell\r\n${ESC}[?1049h${ESC}[?25l${ESC}[?1000hfull`));
    expect(screen.replay().toString()).toBe(
      `${ESC}[0mshell\r\n${ESC}[?1049h${ESC}[H${ESC}[2Jfull${ESC}[?25l${ESC}[?1000h`,
    );
    screen.write(Buffer.from(`${ESC}[?1000l${ESC}[?25h${ESC}[?1049ldone`));
    expect(screen.replay().toString()).toBe(`${ESC}[0mshell\r\ndone`);
  });

  it("keeps the newest lines, in bounded memory", () => {
    const screen = new TerminalScreen();
    for (let n = 0; n < 20_000; n++) screen.write(Buffer.from(`line ${n}\r\n`));
    const replay = screen.replay();
    expect(replay.length).toBeLessThan(140 * 1024);
    expect(replay.length).toBeGreaterThan(60 * 1024);
    expect(replay.toString()).toMatch(/\nline 19999\r\n$/);
  });
});

describe("the prompt", () => {
  it.each([
    ["Name? ", "Name?"],
    ["first\r\nSure? [y/N] ", "Sure? [y/N]"],
    [`${ESC}[1m${ESC}[32mPassword:${ESC}[0m `, "Password:"],
    [" 10%\r 50%\rready> ", "ready>"],
    ["a line\r\n", ""],
    [`question ${ESC}[?1049h full screen`, ""],
  ])("of %j is %j", (text, prompt) => {
    expect(screenOf(Buffer.from(text)).prompt).toBe(prompt);
  });
});
