/**
 * The questions to the loader for several submits. Submits of the same type with the same input share one question and
 * its answer.
 */
import type { Submission } from "../../protocol/event.js";
import { DEFAULT_QUEUE } from "../../protocol/reduce.js";
import type { SubmitBody } from "../../protocol/requests.js";
import type { PrepareAsk, PrepareInput } from "./messages.js";

/** The fields that each submission has for itself. */
export type Own = PrepareAsk["rest"];

export class Asks {
  readonly distinct: PrepareAsk[] = [];
  /** The index of the question of each submit. */
  readonly #question: number[] = [];
  /** The index of the first submit of each question. */
  readonly #first: number[] = [];

  constructor(
    submits: ReadonlyArray<SubmitBody>,
    private readonly own: readonly Own[],
  ) {
    const known = new Map<string, number>();
    submits.forEach(({ op, params, set }, n) => {
      const input: PrepareInput = { ...(params && { params }), ...(set && { set }) };
      const key = submits.length === 1 ? "" : params || set ? JSON.stringify([op, input]) : `=${op}`;
      let question = known.get(key);
      if (question === undefined) {
        question = this.distinct.push({ op, input, rest: own[n]! }) - 1;
        known.set(key, question);
        this.#first.push(n);
      }
      this.#question.push(question);
    });
  }

  /** Index of the first submit that a question stands for. */
  firstOf(question: number): number {
    return this.#first[question]!;
  }

  /** The submissions, from the answers to the distinct questions. */
  submissions(answers: readonly Submission[]): Submission[] {
    return this.own.map((own, n) => {
      const answer = answers[this.#question[n]!]!;
      const { op, title, params, stages, historyKey, queue: ofType, source, requires } = answer;
      const { id, label, cwd, chain, limits, queue = ofType, priority, ...others } = own;
      return {
        ...{ id, op, title, label, cwd, params, stages, chain },
        ...(limits && { limits }),
        ...(historyKey !== undefined && { historyKey }),
        ...(source && { source }),
        ...(requires && { requires }),
        ...(queue !== undefined && queue !== DEFAULT_QUEUE && { queue }),
        ...(priority !== undefined && priority !== 0 && { priority }),
        ...others,
      };
    });
  }
}
