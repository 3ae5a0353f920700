/**
 * Replaces secrets by `***` in everything an attempt reports: log lines, status, errors and results. A text in another
 * form than the secret, such as its base64, is not found.
 */
import type { EventBody, Outcome } from "../../protocol/event.js";

export const MASK = "***";

/** A shorter text would match in too many places. */
export const SHORTEST_SECRET = 4;

/** Characters from which on a log line may be one piece of a longer line. */
const LONG_LINE = 8 * 1024;

/** Keys of events that are not masked. */
const KEPT = new Set(["type", "stage", "stages", "untrackedStage", "value"]);

const SGR = /\x1b\[[\d;:]*m/g;

/** Where the character at `index` of the text without colours is in the text with them. */
function offsetOf(coloured: string, index: number): number {
  let shift = 0;
  for (const { 0: colour, index: at } of coloured.matchAll(SGR)) {
    if (at - shift > index) break;
    shift += colour.length;
  }
  return index + shift;
}

export class Masker {
  /** Longest first, so that a secret within another one leaves nothing of it. */
  #secrets: string[] = [];

  /**
   * Masks this text from now on; of a text with several lines, each line.
   *
   * @returns false if the text has no line that is long enough to be masked
   */
  add(text: string): boolean {
    const lines = text.split(/\r?\n/).flatMap((line) => [line, line.trim()]);
    const parts = [text, ...lines].filter((part) => part.length >= SHORTEST_SECRET);
    this.#secrets = [...new Set([...this.#secrets, ...parts])].sort((a, b) => b.length - a.length);
    return parts.length > 0;
  }

  get isEmpty(): boolean {
    return this.#secrets.length === 0;
  }

  /** Whether the text contains a secret. */
  finds(text: string): boolean {
    return this.#secrets.some((secret) => text.includes(secret));
  }

  mask(text: string): string {
    let masked = text;
    for (const secret of this.#secrets) masked = masked.replaceAll(secret, MASK);
    return masked.includes("\x1b") ? this.#maskColoured(masked) : masked;
  }

  /** A program may colour a part of a secret, as `grep --color` does. The colours stay. */
  #maskColoured(text: string): string {
    let masked = text;
    const plain = () => masked.replace(SGR, "");
    for (const secret of this.#secrets) {
      for (let at = plain().indexOf(secret); at !== -1; at = plain().indexOf(secret)) {
        const [from, to] = [offsetOf(masked, at), offsetOf(masked, at + secret.length - 1) + 1];
        const colours = masked.slice(from, to).match(SGR) ?? [];
        masked = masked.slice(0, from) + MASK + colours.join("") + masked.slice(to);
      }
    }
    return masked;
  }

  /**
   * As `mask`, for a text that may end or begin within a secret: the status shows unfinished lines, and long lines are
   * cut. A part of a secret at an end of the text is masked too.
   */
  maskPiece(text: string): string {
    let masked = this.mask(text);
    for (const secret of this.#secrets) {
      for (let length = Math.min(secret.length - 1, masked.length); length >= SHORTEST_SECRET; length--) {
        if (!masked.endsWith(secret.slice(0, length))) continue;
        masked = masked.slice(0, -length) + MASK;
        break;
      }
      for (let length = Math.min(secret.length - 1, masked.length); length >= SHORTEST_SECRET; length--) {
        if (!masked.startsWith(secret.slice(-length))) continue;
        masked = MASK + masked.slice(length);
        break;
      }
    }
    return masked;
  }

  /** A line of the log. */
  maskLine(text: string): string {
    if (this.isEmpty) return text;
    return text.length < LONG_LINE ? this.mask(text) : this.maskPiece(text);
  }

  maskEvent<E extends EventBody>(event: E): E {
    if (this.isEmpty) return event;
    if (event.type === "status:changed") {
      const { status } = event;
      return { ...event, status: { ...status, text: this.maskPiece(status.text) } };
    }
    // The names of stages connect events, and a value is for the next attempt; neither may change.
    const masked = Object.entries(event).map(([key, each]) => [
      key,
      KEPT.has(key) ? each : this.maskValue(each),
    ]);
    return Object.fromEntries(masked) as E;
  }

  maskOutcome(outcome: Outcome): Outcome {
    if (this.isEmpty) return outcome;
    const { state, next, ...rest } = outcome;
    return { ...(this.maskValue(rest) as Omit<Outcome, "state" | "next">), state, next };
  }

  /** A JSON value with all its texts and names masked. */
  maskValue(value: unknown): unknown {
    if (typeof value === "string") return this.mask(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => this.maskValue(each));
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [this.mask(name), this.maskValue(each)]),
    );
  }
}
