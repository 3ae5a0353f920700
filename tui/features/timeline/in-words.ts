/** An event in a few words, for the line that says what the replay has just shown. Untrusted text comes out as it is. */
import { answerText } from "../../../protocol/approval.js";
import { count } from "../../../protocol/text/count.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { formatDuration, formatPercent } from "../../terminal/format.js";
import type { TapedLine } from "../replay/tape.js";

export function inWords(line: TapedLine): string {
  switch (line.type) {
    case "operation:submitted":
      return "submitted";
    case "attempt:started":
      return line.attempt > 1 ? `attempt ${line.attempt} started` : "started";
    case "attempt:accepted":
      return `accepted by a worker (pid ${line.pid})`;
    case "attempt:requeued":
      return `queued again: ${line.reason}`;
    case "approval:asked":
      return `asked: ${line.question}`;
    case "approval:answered":
      return answerText(line);
    case "attempt:finished":
      if (line.asks) return "waits for approval";
      return `finished: ${line.state}`;
    case "operation:retried":
      return line.from === null ? "retried" : `retried from ${line.from}`;
    case "operation:finished":
      return line.state;
    case "cancel:requested":
      return line.reason === "cancel" ? "cancel requested" : "timed out";
    case "stages:declared":
      return "stages changed";
    case "stage:entered":
      return `entered ${line.stage}`;
    case "stage:left":
      if (line.resumed) return `${line.stage}: ${line.reason ?? "done in an earlier attempt"}`;
      if (line.state === "skipped") return `${line.stage} skipped: ${line.reason ?? ""}`;
      if (line.state === "up-to-date") return `${line.stage} ${line.reason ?? "up to date"}`;
      return line.state === "allowed-failure"
        ? `${line.stage} failed, allowed: ${firstLine(line.error?.message ?? "")}`
        : `left ${line.stage} after ${formatDuration(line.seconds)}: ${line.state}`;
    case "stage:explained":
      return `${line.step ?? line.stage} ${line.reason}`;
    case "step:entered":
      return `began ${line.step}`;
    case "step:finished":
      return `${line.step} ${line.state}${line.reason === undefined ? "" : `: ${line.reason}`}`;
    case "progress:changed":
      return ofStep(line.step, formatPercent(line.percent, line.progress?.approximate));
    case "status:changed":
      return ofStep(line.step, line.status.text);
    case "records:dropped":
      return `${count(line.count, "record")} dropped`;
    case "log:line":
      return ofStep(line.step, line.text);
    default:
      return "";
  }
}

function ofStep(step: string | undefined, text: string): string {
  return step === undefined ? text : `${step}: ${text}`;
}
