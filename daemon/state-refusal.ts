/** Why a change of an operation is refused in its present state, and the next command. */
import { answerCommand, answerText, waitsForApproval } from "../protocol/approval.js";
import { Refusal } from "../protocol/errors.js";
import type { Operation } from "../protocol/operation.js";
import type { State } from "../protocol/state.js";

const STATE_WORDS: Record<State, string> = {
  queued: "is queued already",
  running: "is running; liveops cancel stops it",
  succeeded: "has succeeded",
  failed: "has failed; liveops retry runs it again",
  cancelled: "was cancelled; liveops retry runs it again",
};

type Change = "edited" | "cancelled" | "retried" | "removed" | "paused" | "resumed";

export function wrongState(record: Operation, what: Change): Refusal {
  const { id, op, state, chain } = record;
  if (what === "removed" && state === "running") {
    return new Refusal(
      "LIVEOPS_WRONG_STATE",
      `${op} ${id} cannot be removed: it is running; cancel it first: liveops cancel ${id}`,
    );
  }
  const end = what === "cancelled" ? `; to end it: liveops cancel ${chain.next}` : "";
  const goesOn =
    state === "succeeded" && chain.next !== null
      ? `; its chain continues as ${chain.next}${end}`
      : "";
  const mayRepeat = what === "retried" || what === "edited";
  const queue =
    what === "paused" || what === "resumed" ? `, and only a running operation can be ${what}` : "";
  const again =
    state === "succeeded" && mayRepeat ? `; run it again with: liveops again ${id}` : "";
  const open = waitsForApproval(record);
  const turn =
    open === null
      ? `; it starts in its turn: liveops show ${id}`
      : `; it waits for approval: ${answerCommand(id, open)}`;
  const waits = state === "queued" ? turn : "";
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `${op} ${id} cannot be ${what}: it ${STATE_WORDS[state]}${queue}${goesOn}${again}${waits}`,
  );
}

export function notAsking({ id, op, state, approvals }: Operation): Refusal {
  const { answer = null, question } = approvals?.at(-1) ?? {};
  const last =
    answer === null ? "" : `; ${JSON.stringify(question)} is answered (${answerText(answer)})`;
  const [word] = STATE_WORDS[state].split(/ already|;/);
  return new Refusal("LIVEOPS_WRONG_STATE", `${op} ${id} waits for no approval: it ${word}${last}`);
}

/** Its removal would end what `waiter` waits for. */
export function awaited({ op, id }: Operation, waiter: string): Refusal {
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `${op} ${id} cannot be removed: ${waiter} waits for the end of its chain; cancel ${waiter} first: liveops cancel ${waiter}`,
  );
}
