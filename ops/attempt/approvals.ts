/**
 * The questions of an attempt to a person (`p.approve`).
 *
 * A question without an answer ends the attempt: its event is durable, and the promise never
 * settles. The next attempt comes to the same call, and finds the answer in the record.
 */
import { answerText, askedText, NO, YES_OR_NO } from "../../protocol/approval.js";
import type { EventBody } from "../../protocol/event.js";
import { MAX_APPROVALS, MAX_CHOICE, MAX_CHOICES, MAX_QUESTION } from "../../protocol/limits.js";
import type { Approval } from "../../protocol/operation.js";
import type { ApproveOptions } from "../sdk/live-operation.js";
import type { Cancellation } from "./cancellation.js";
import { Failure } from "./failure.js";

export type Question = Omit<Extract<EventBody, { type: "approval:asked" }>, "type">;

/** Null: nobody answered in time. */
export type Answer = Pick<NonNullable<Approval["answer"]>, "choice" | "by">;

/**
 * Asks a person at once, in `liveops run` and in a test: the attempt goes on. The signal ends the
 * wait.
 */
export type Ask = (question: Question, signal: AbortSignal) => Promise<Answer>;

/** Where a question is asked. */
interface Place {
  stage: string | null;
  occurrence: number;
  /** Answers up to this attempt do not count, since the stage runs again. */
  staleUntil: number;
}

interface ApprovalsParts {
  answers: readonly Approval[];
  /** Null: the attempt ends with its question. A text: why nobody can be asked. */
  ask: Ask | string | null;
  line(text: string): void;
  cancellation: Cancellation;
  event(body: EventBody): void;
  /** In ms since 1970. */
  now(): number;
}

export class AttemptApprovals {
  /** Resolves when the attempt must end, since a question waits. */
  readonly waiting: Promise<void>;
  #wait!: () => void;
  /** A question of this attempt waits. */
  #isWaiting = false;
  /** Questions to the person at the terminal come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** How many times each question was asked, by its place. */
  readonly #asked = new Map<string, number>();
  #count: number;

  constructor(private readonly parts: ApprovalsParts) {
    this.#count = parts.answers.length;
    this.waiting = new Promise((resolve) => {
      this.#wait = resolve;
    });
  }

  /** @throws Failure where the answer is a rejection, or nobody answered in time */
  async approve(text: string, options: ApproveOptions, place: Place): Promise<string> {
    const { timeout = null, ...checked } = checkedQuestion(text, options);
    const { stage, occurrence } = place;
    const given = this.#answerOf(checked.question, place);
    const { ask } = this.parts;
    if (given) {
      this.parts.line(answerText(given));
      return accepted(given, checked.question);
    }
    // Questions side by side are asked one after the other, each by its own attempt.
    if (this.#isWaiting) return new Promise(() => {});
    if (typeof ask === "string") throw cannotAsk(ask);
    if (++this.#count > MAX_APPROVALS)
      throw cannotAsk(`an operation asks at most ${MAX_APPROVALS} questions`);
    const askNow = () => {
      const until =
        timeout === null ? null : new Date(this.parts.now() + timeout * 1000).toISOString();
      const question = { stage, occurrence, ...checked, until };
      this.parts.event({ type: "approval:asked", ...question });
      return question;
    };
    if (ask !== null) {
      const answer = this.#turn.then(() => this.#askNow(ask, askNow()));
      this.#turn = answer.catch(() => {});
      return accepted(await answer, text);
    }
    askNow();
    this.#isWaiting = true;
    this.parts.line(askedText(checked));
    this.#wait();
    return new Promise(() => {});
  }

  async #askNow(ask: Ask, question: Question): Promise<Answer> {
    const { cancellation } = this.parts;
    try {
      return await ask(question, cancellation.signal);
    } catch (error) {
      cancellation.check();
      throw error;
    }
  }

  /** The answer to this call: the same question asked as often before in its stage. */
  #answerOf(
    question: string,
    { stage, occurrence, staleUntil }: Place,
  ): Approval["answer"] | undefined {
    const key = JSON.stringify([stage, occurrence, question]);
    const before = this.#asked.get(key) ?? 0;
    this.#asked.set(key, before + 1);
    const its = this.parts.answers.filter(
      (each) =>
        each.stage === stage &&
        each.occurrence === occurrence &&
        each.question === question &&
        each.attempt > staleUntil &&
        each.answer !== null,
    );
    return its[before]?.answer;
  }
}

function accepted({ choice, by }: Answer, question: string): string {
  if (choice === null)
    throw failure("LIVEOPS_APPROVAL_TIMEOUT", `nobody answered in time: ${question}`);
  if (choice !== NO) return choice;
  const who = by === null ? "nobody answered in time, and the default is no" : `rejected by ${by}`;
  throw failure("LIVEOPS_REJECTED", `${who}: ${question}`);
}

export function cannotAsk(why: string): Failure {
  return failure("LIVEOPS_CANNOT_ASK", why);
}

/** The place in the code says nothing: a person decided. */
function failure(
  code: "LIVEOPS_REJECTED" | "LIVEOPS_APPROVAL_TIMEOUT" | "LIVEOPS_CANNOT_ASK",
  why: string,
) {
  const error = new Failure(code, why);
  delete error.stack;
  return error;
}

/** @throws TypeError */
function checkedQuestion(
  text: string,
  { choices = YES_OR_NO, timeout, default: fallback }: ApproveOptions,
) {
  const problem =
    questionProblem(text) ??
    choicesProblem(choices) ??
    (fallback === undefined || choices.includes(fallback)
      ? null
      : `default takes one of its choices: ${choices.join(", ")}`) ??
    (timeout === undefined || (Number.isFinite(timeout) && timeout > 0)
      ? null
      : "timeout takes a number of seconds above 0");
  if (problem !== null) throw new TypeError(`p.approve: ${problem}`);
  return { question: text, choices: [...choices], default: fallback ?? null, timeout };
}

/** Why the text is no question; null: it is one. */
export function questionProblem(text: string): string | null {
  if (typeof text === "string" && text.trim() !== "" && text.length <= MAX_QUESTION) return null;
  return `a question is a text of at most ${MAX_QUESTION} characters`;
}

export function choicesProblem(choices: readonly string[]): string | null {
  if (choices.length === 0 || choices.length > MAX_CHOICES)
    return `choices takes 1 to ${MAX_CHOICES} texts`;
  if (choices.every((choice) => choice === NO))
    return `choices needs another one than ${NO}, which rejects`;
  const bad = choices.find(
    (each) => !/^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u.test(each) || each.length > MAX_CHOICE,
  );
  if (bad !== undefined)
    return `${JSON.stringify(bad)} is no choice: a text of one line, at most ${MAX_CHOICE} characters`;
  const twice = choices.find((each, index) => choices.indexOf(each) !== index);
  return twice === undefined ? null : `choices has ${JSON.stringify(twice)} twice`;
}
