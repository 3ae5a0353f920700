/**
 * Text mode of an operation and its chain, with the operations inside of them on the same screen.
 */
import type { EventLine } from "../../../protocol/stream-lines.js";
import type { TextOptions } from "../../text/chain.js";
import { step, type TextLine, textState } from "../../text/lines.js";

type TextState = ReturnType<typeof textState>;

/** One chain. */
interface Chain {
  state: TextState;
  /** The operation inside of which it runs, its chain, and its step; null: the outermost chain. */
  inside: { id: string; chain: Chain; step: string | undefined } | null;
  /** Where its lines belong. Absent: in no step. */
  step?: string;
}

export class TextTree {
  readonly #outermost: Chain;
  /** Those inside of others, by the ids of their operations. */
  readonly #chains = new Map<string, Chain>();
  /** Those of them whose stage has not ended. */
  readonly #open = new Set<Chain>();

  constructor(private readonly options: TextOptions = {}) {
    this.#outermost = { state: textState(options), inside: null };
  }

  take(id: string, line: EventLine): TextLine[] {
    const chain = this.#chains.get(id) ?? this.#outermost;
    const { state, lines } = step(chain.state, line);
    chain.state = state;
    // The error of the outermost operation may repeat the last lines of one inside of it.
    if (line.type === "log:line")
      for (let { inside } = chain; inside !== null; inside = inside.chain.inside)
        inside.chain.state = { ...inside.chain.state, recent: state.recent };
    if (line.type === "child:began") this.#begin(id, chain, line);
    const shown = this.#isShownInside(id, line) ? [] : lines;
    if (line.type === "stage:left")
      for (const each of this.#open) if (each.inside?.id === id) this.#open.delete(each);
    if (chain.inside === null) return shown;
    if (line.type !== "operation:finished")
      return shown.flatMap((each) => placed(each, chain.step));
    if (line.next !== null) this.#chains.set(line.next, chain);
    // The result and the error are those of the stage.
    return chain.step === undefined ? [{ to: "bar", view: null }] : [];
  }

  #begin(
    id: string,
    outer: Chain,
    { child, stage, step: name }: Extract<EventLine, { type: "child:began" }>,
  ): void {
    const path = [...outer.state.path, ...[stage, name].filter((each) => each != null)];
    const steps = [outer.step, name].filter((each) => each !== undefined);
    const chain = this.#chains.get(child) ?? {
      state: textState({ ...this.options, path }),
      inside: { id, chain: outer, step: name },
      ...(steps.length > 0 && { step: steps.join(" › ") }),
    };
    this.#chains.set(child, chain);
    this.#open.add(chain);
  }

  /**
   * Whether the stage or step repeats what an operation inside of it shows
   * (`ops/features/nested/run-child.ts`).
   */
  #isShownInside(id: string, line: EventLine): boolean {
    if (line.type !== "status:changed" && line.type !== "progress:changed") return false;
    const inside = [...this.#open].filter(
      (chain) => chain.inside?.id === id && chain.inside.step === line.step,
    );
    if (line.type === "progress:changed") return inside.length > 0 && line.progress?.unit === "%";
    const names = inside.flatMap(({ state: { operation } }) => [
      operation?.title,
      ...(operation?.stages ?? []),
    ]);
    return names.some(
      (name) => line.status.text === name || line.status.text.startsWith(`${name}: `),
    );
  }
}

/** Bars side by side are not shown: that of the stage counts the steps. */
function placed(line: TextLine, step: string | undefined): TextLine[] {
  if (step === undefined) return [line];
  if (line.to === "bar") return [];
  if (line.tone === "header") return [line];
  return [{ ...line, step: line.step === undefined ? step : `${step} › ${line.step}` }];
}
