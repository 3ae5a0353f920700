/**
 * The progress bar of one program: which source drives the bar, and that the bar never goes back.
 *
 * Sources. The first source that gives a figure drives the bar. A source of a higher rank takes the
 * bar over when it gives a figure, since it knows better, and begins a new bar. A source of a lower
 * rank is ignored from then on. Within one source, another form (another program of a script) takes
 * over when the bar is at its end, or when it gave several figures in a row while the present form
 * gave none.
 *
 * A bar. Within a bar, neither the percent nor the count goes back: a lower count is ignored, and
 * when the total grows the percent stays until the count has caught up. A new bar begins with a new
 * label, with another unit, with a lower count of another total, and with a step (`step`). After
 * the end of the bar it also begins with another total and, but for reports, with a percent below
 * 50.
 */
import type { Reading } from "./reading.js";

/** The sources of progress, the highest rank first. */
export const SOURCES = ["report", "json", "osc", "text", "files"] as const;
export type Source = (typeof SOURCES)[number];

/** The values of a bar; the object stays the same while the bar lasts. */
export interface BarValue {
  readonly done: number;
  readonly total: number | null;
  /** `%`: `done` is a percent. */
  readonly unit: string | null;
  readonly label: string | null;
  /** 0 to 100; null: the total is not known. */
  readonly percent: number | null;
  /** The figure is an estimate of liveops: nothing that the program said. */
  readonly isApproximate: boolean;
}

export interface BarTarget {
  /** A new bar, with its first values. */
  begin(value: BarValue): void;
  /** The values of the bar have changed. */
  changed(): void;
}

/** Figures in a row with which another form takes the bar over. */
const TAKES_OVER = 5;
/** After the end of a bar, a lower percent is the beginning of the next one. */
const RESTART = 50;
const MAX_LABEL = 200;
const MAX_UNIT = 40;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Figures = Pick<BarValue, "done" | "total" | "unit" | "percent">;

export class ProgramBar {
  #source: Source | null = null;
  #form = "";
  /** Figures of other forms after the last one of `#form`. */
  #others = 0;
  #value: Mutable<BarValue> | null = null;
  /** The bar of `#value` was given to the target. */
  #isShown = false;
  #step: string | null = null;

  constructor(private readonly target: BarTarget) {}

  /** The source that drives the bar; null: none has given a figure. */
  get source(): Source | null {
    return this.#source;
  }

  /** @param form - the recogniser within the source */
  say(source: Source, form: string, reading: Reading): void {
    const said = checked(reading);
    const isFigure = said.done !== undefined || said.percent !== undefined;
    if (!isFigure && (said.label === undefined || source !== this.#source)) return;
    if (!this.#admits(source, form)) return;
    const before = this.#value;
    if (before === null || beginsNew(before, said, source)) {
      this.#isShown = false;
      const label = said.label ?? before?.label ?? this.#step;
      const figures = isFigure ? figuresOf(said, null) : NONE;
      this.#value = { ...figures, label: label || this.#step, isApproximate: source === "files" };
    } else if (isFigure) {
      const figures = figuresOf(said, before);
      // The text repeats an older state, such as a line of another thread.
      if (figures.unit === before.unit && figures.done < before.done) return;
      const percent = Math.max(figures.percent ?? 0, before.percent ?? 0);
      Object.assign(before, figures, {
        percent: figures.percent === null ? before.percent : percent,
      });
    }
    if (isFigure) this.#show();
  }

  /** The program began a step of this name: the bar begins anew, and the sources compete anew. */
  step(name: string): void {
    this.#source = null;
    this.#others = 0;
    this.#step = name.slice(0, MAX_LABEL);
    this.#value = { ...NONE, label: this.#step, isApproximate: false };
    this.#isShown = false;
    this.#show();
    this.#value = null;
  }

  /** The source says that its progress is over: its next figure begins a new bar. */
  clear(source: Source): void {
    if (source === this.#source) this.#value = null;
  }

  #admits(source: Source, form: string): boolean {
    const rank = this.#source === null ? SOURCES.length : SOURCES.indexOf(this.#source);
    const place = SOURCES.indexOf(source);
    if (place > rank) return false;
    if (place === rank && form === this.#form) {
      this.#others = 0;
      return true;
    }
    const isOver = this.#value === null || isAtEnd(this.#value);
    if (place === rank && !isOver && ++this.#others < TAKES_OVER) return false;
    this.#source = source;
    this.#form = form;
    this.#others = 0;
    this.#value = null;
    return true;
  }

  #show(): void {
    if (this.#isShown) this.target.changed();
    else this.target.begin(this.#value as BarValue);
    this.#isShown = true;
  }
}

const NONE: Figures = { done: 0, total: null, unit: null, percent: null };

/** The reading without values that no bar can show. */
function checked(reading: Reading): Reading {
  const said: Reading = {};
  if (isAmount(reading.percent)) said.percent = Math.min(100, reading.percent);
  if (isAmount(reading.done)) said.done = reading.done;
  if (reading.total === null || isAmount(reading.total)) said.total = reading.total || null;
  if (reading.unit !== undefined) said.unit = reading.unit?.slice(0, MAX_UNIT) || null;
  if (reading.label !== undefined) said.label = reading.label.slice(0, MAX_LABEL);
  return said;
}

function isAmount(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** @param before - null: the figures begin a bar */
function figuresOf(said: Reading, before: Figures | null): Figures {
  const count = before === null || before.unit === "%" ? NONE : before;
  const { done = count.done, total = count.total, unit = count.unit } = said;
  if (said.done === undefined && said.percent !== undefined && count.total !== null)
    return { ...count, percent: said.percent };
  if (total !== null) return { done, total, unit, percent: percentOf(done, total) };
  if (said.percent !== undefined)
    return { done: said.percent, total: 100, unit: "%", percent: said.percent };
  return { done, total, unit, percent: null };
}

function percentOf(done: number, total: number): number {
  return Math.min(100, (100 * done) / total);
}

function beginsNew(before: BarValue, said: Reading, source: Source): boolean {
  if (said.label !== undefined && (said.label || null) !== before.label) return true;
  const next = figuresOf(said, before);
  const isOther = next.unit !== before.unit && next.unit !== "%" && before.unit !== "%";
  const isLower =
    next.done < before.done && next.total !== before.total && next.unit === before.unit;
  if (isOther || isLower || !isAtEnd(before) || next.percent === null || next.percent >= 100)
    return isOther || isLower;
  // Reports of parallel children may come out of order.
  return next.total !== before.total || (source !== "report" && next.percent < RESTART);
}

function isAtEnd({ percent }: BarValue): boolean {
  return percent !== null && percent >= 100;
}
