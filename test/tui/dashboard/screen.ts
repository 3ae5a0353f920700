/**
 * The dashboard without a terminal: the state and its effects as in the program, and the screen
 * drawn from the state.
 */
import { writeFileSync } from "node:fs";
import { Client } from "../../../protocol/client/client.js";
import { frameOf, svgOf } from "../../../scripts/screens/picture.js";
import type { Message } from "../../../tui/dashboard/core/message.js";
import { Effects } from "../../../tui/dashboard/effects.js";
import type { Pressed } from "../../../tui/dashboard/text/keys.js";
import { update } from "../../../tui/dashboard/update.js";
import { columnsOf } from "../../../tui/kit/output/width.js";
import { colourTheme, initial, screenRows, screenText } from "./core.js";
import { KEY } from "./open.js";
import { NOW } from "./operations.js";
import { HeadlessTerminal } from "./terminal.js";

/** Longest wait for something to appear, in ms; passed only by a test that fails. */
const PATIENCE = 60_000;

const SPECIAL_KEYS = new Map<string, Pressed>([
  [KEY.up, { special: "upArrow" }],
  [KEY.down, { special: "downArrow" }],
  [KEY.pageUp, { special: "pageUp" }],
  [KEY.pageDown, { special: "pageDown" }],
  [KEY.end, { special: "end" }],
  [KEY.enter, { special: "return" }],
  [KEY.escape, { special: "escape" }],
]);

export class DrawnScreen {
  readonly #client: Client;
  readonly #effects: Effects;
  readonly #changed = new Set<() => void>();
  #state;
  #drawn = { state: null as object | null, text: "" };

  constructor(
    socket: string,
    [columns, rows]: readonly [number, number],
    id: string | null = null,
  ) {
    this.#client = new Client(socket);
    this.#state = initial({ size: { columns, rows }, socket, id });
    this.#effects = new Effects({
      client: this.#client,
      dispatch: (message) => this.dispatch(message),
      state: () => this.#state,
      now: () => NOW,
      suspend() {},
      write() {},
      env: {},
      lookedFile: null,
      flags: {},
      stateDir: null,
    });
    this.dispatch({ type: "started" });
  }

  dispatch(message: Message): void {
    const [state, effects] = update(this.#state, message);
    this.#state = state;
    this.#effects.run(effects);
    for (const wake of this.#changed) wake();
  }

  press(keys: string): void {
    for (const [key] of keys.matchAll(/\x1b\[\d?[A-Z~]|./gsu)) {
      const code = key.charCodeAt(0);
      const control: Pressed = { input: String.fromCharCode(code + 96), ctrl: true };
      const pressed = SPECIAL_KEYS.get(key) ?? (code < 32 ? control : { input: key });
      this.dispatch({ type: "pressed", pressed });
    }
  }

  get columns(): number {
    return this.#state.size.columns;
  }

  /** @throws where a row is wider than the terminal, or the screen is higher */
  text(): string {
    const { size } = this.#state;
    if (this.#drawn.state !== this.#state) {
      const rows = screenText(this.#state).split("\n");
      const wide = rows.find((row) => columnsOf(row) > size.columns);
      if (wide !== undefined || rows.length > size.rows)
        throw new Error(`the screen exceeds ${size.columns}x${size.rows}:\n${rows.join("\n")}`);
      const text = rows
        .map((row) => row.trimEnd())
        .join("\n")
        .trimEnd();
      this.#drawn = { state: this.#state, text };
    }
    return this.#drawn.text;
  }

  rows(): string[] {
    const rows = this.text().split("\n");
    return [...rows, ...Array<string>(this.#state.size.rows - rows.length).fill("")];
  }

  /** Resolves as soon as the screen fits. */
  async until(
    fits: string | RegExp | ((text: string) => boolean),
    patience = PATIENCE,
  ): Promise<string> {
    const matches = (text: string) => {
      if (typeof fits === "string") return text.includes(fits);
      return fits instanceof RegExp ? fits.test(text) : fits(text);
    };
    const late = Symbol();
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<typeof late>((resolve) => {
      timer = setTimeout(() => resolve(late), patience);
    });
    try {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          const wake = () => {
            this.#changed.delete(wake);
            // What comes together is drawn once.
            setImmediate(resolve);
          };
          this.#changed.add(wake);
        });
        if (matches(this.text())) return this.text();
        if ((await Promise.race([changed, limit])) === late)
          throw new Error(`the screen never showed ${fits}; it shows:\n${this.text()}`);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes a picture in colour. */
  async draw(file: string): Promise<void> {
    const { size } = this.#state;
    const terminal = new HeadlessTerminal(size.columns, size.rows);
    const text = screenRows(this.#state, colourTheme()).join("\n");
    await new Promise<void>((resolve) => terminal.write(text, resolve));
    writeFileSync(file, svgOf({ ...size, frames: [frameOf(terminal)], rest: 1, alt: this.text() }));
  }

  close(): void {
    this.#effects.stop();
  }
}
