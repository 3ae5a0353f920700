/**
 * A request to the daemon, as a value, so that a question and the shell command can show it first.
 */
import { NO, questionId } from "../../../protocol/approval.js";
import { remoteOf } from "../../../protocol/client/address.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import type { HungDaemon } from "../../kit/silent-daemon.js";
import type { Submit } from "../form/form.js";

export type Request =
  | { readonly kind: "cancel"; readonly ids: readonly string[] }
  | {
      readonly kind: "retry";
      readonly ids: readonly string[];
      /** The stage whose stored value, and all after it, are discarded. */
      readonly from?: string;
      /** The present text of the pipeline file, not that of the submit. */
      readonly current?: boolean;
    }
  | { readonly kind: "remove"; readonly ids: readonly string[] }
  | { readonly kind: "pause" | "resume"; readonly ids: readonly string[] }
  /** Of operations that wait for approval. */
  | {
      readonly kind: "answer";
      readonly ids: readonly string[];
      readonly choice: string;
      /** Of the question that the person sees. */
      readonly since: string;
      /** Of the attempt that asks it. */
      readonly attempt: number;
    }
  | Switch
  | Submit;

/** The change of a queue or a host. */
interface Switch {
  readonly kind: SwitchKind;
  readonly name: string;
}

export type SwitchKind = ("pause-queue" | "resume-queue") | ("drain-host" | "undrain-host");

/** Operations that the request is about; none for a new one. */
export function idsOf(request: Request | null): readonly string[] {
  return request !== null && "ids" in request ? request.ids : [];
}

/** Flags that this dashboard was started with: a command that it shows names the same daemon. */
export interface Flags {
  /** Address of a daemon on another machine. */
  readonly remote?: string | undefined;
  readonly socket?: string | undefined;
  readonly stateDir?: string | undefined;
}

export function liveops([word = "", ...words]: readonly string[], flags: Flags): string {
  return shellLine(["liveops", word, ...flagWords(flags), ...words]);
}

export function startDaemon(flags: Flags): string {
  return onItsMachine(["liveops", "start"], flags);
}

/** The commands that help against a daemon that hangs, with what each does. */
export function againstHung(
  { pid, isStopped }: HungDaemon,
  flags: Flags,
): readonly (readonly [command: string, does: string])[] {
  const status = [onItsMachine(["liveopsd", "status"], flags), "check the daemon"] as const;
  if (pid === null) return [status];
  const end = [`kill -9 ${pid}`, "end it (operations keep running)"] as const;
  return [isStopped ? [`kill -CONT ${pid}`, "continue the stopped daemon"] : status, end];
}

/** A command that works on the machine of the daemon. */
function onItsMachine(words: readonly string[], flags: Flags): string {
  return remoteOf(flags.remote)?.commandLine(words) ?? shellLine([...words, ...flagWords(flags)]);
}

/** With the type left to the person who types it. */
export function submitAny(flags: Flags): string {
  return liveops(["submit", "<op>"], flags).replace("'<op>'", "<op>");
}

/** What the screen says about a kind of request. */
interface Words<R extends Request> {
  /** For the header, until the daemon answers. */
  readonly underWay: string;
  /** For the notice; `count`: ` 3 operations`, or "" for one. */
  readonly done: (request: R, count: string) => string;
  /** The shell command that does the same. */
  readonly command: (request: R, flags: Flags) => string;
}

/** The ids follow the word of the command. */
const ofOperations = (
  underWay: string,
  word: string,
  done: (count: string) => string,
): Words<Extract<Request, { ids: unknown }>> => ({
  underWay,
  done: (_request, count) => done(count),
  command: ({ ids }, flags) => liveops([word, ...ids], flags),
});

/** The name follows the words of the command. */
const ofName = (
  underWay: string,
  words: readonly string[],
  done: (name: string) => string,
): Words<Switch> => ({
  underWay,
  done: ({ name }) => done(name),
  command: ({ name }, flags) => liveops([...words, name], flags),
});

type RequestOf<K extends Request["kind"], R = Request> = R extends { kind: infer Q }
  ? K extends Q
    ? R
    : never
  : never;

const SUBMITTED = { submit: "submitted", again: "submitted", retry: "queued again" };

const WORDS: { readonly [K in Request["kind"]]: Words<RequestOf<K> & Request> } = {
  cancel: ofOperations("cancelling", "cancel", (count) => `cancelling${count}…`),
  remove: ofOperations("removing", "rm", (count) => `removed${count}`),
  pause: ofOperations("pausing", "pause", (count) => `paused${count}`),
  resume: ofOperations("resuming", "resume", (count) => `resumed${count}`),
  retry: {
    underWay: "retrying",
    done: (_request, count) => `queued again${count}`,
    command({ ids, from, current }, flags) {
      const options = [
        ...(from === undefined ? [] : flagged("--from", from)),
        ...(current ? ["--current"] : []),
      ];
      return liveops(["retry", ...ids, ...options], flags);
    },
  },
  answer: {
    underWay: "answering",
    done: ({ choice }) => (choice === NO ? "rejected" : `approved: ${choice}`),
    command({ ids: [id = ""], choice, attempt }, flags) {
      const asked = questionId(id, { attempt });
      return liveops(choice === NO ? ["reject", asked] : ["approve", asked, choice], flags);
    },
  },
  "pause-queue": ofName(
    "pausing the queue",
    ["pause", "--queue"],
    (name) => `queue ${name} paused; its running operations continue`,
  ),
  "resume-queue": ofName(
    "resuming the queue",
    ["resume", "--queue"],
    (name) => `queue ${name} resumed`,
  ),
  "drain-host": {
    underWay: "draining the host",
    done: ({ name }) => `host ${name} drained; its running operations continue`,
    command: (_request, flags) => onItsMachine(["liveops", "drain"], flags),
  },
  "undrain-host": {
    underWay: "undoing the drain",
    done: ({ name }) => `host ${name} starts operations again`,
    command: (_request, flags) => onItsMachine(["liveops", "drain", "--undo"], flags),
  },
  submit: {
    underWay: "submitting",
    done: ({ of, repeats }) =>
      SUBMITTED[of?.does ?? "submit"] + (repeats === null ? "" : `; ${repeats}`),
    command: submitCommand,
  },
};

/** What it is called in a notice: `retry`, `pause queue`. */
export const kindWords = ({ kind }: Request): string => kind.replace("-", " ");

export const underWay = ({ kind }: Request): string => WORDS[kind].underWay;

/** @param count operations that the daemon changed */
export function doneText(request: Request, count: number): string {
  return (WORDS[request.kind] as Words<Request>).done(
    request,
    count > 1 ? ` ${count} operations` : "",
  );
}

export function commandOf(request: Request, flags: Flags): string {
  return (WORDS[request.kind] as Words<Request>).command(request, flags);
}

function submitCommand({ op, params, words, args, label, of, done }: Submit, flags: Flags): string {
  const labels = label === "" ? [] : flagged("--label", label);
  const byHand = done.flatMap(({ stage, outputs = {} }) => [
    ...flagged("--done", stage),
    ...Object.entries(outputs).flatMap(([name, value]) => ["--output", `${name}=${value}`]),
  ]);
  const all = [
    of?.does ?? "submit",
    of?.id ?? op,
    ...byHand,
    ...(words ?? ["--params", JSON.stringify(params)]),
    ...labels,
    ...(args.length > 0 ? ["--", ...args] : []),
  ];
  return liveops(all, flags);
}

export function flagWords({ remote, socket, stateDir }: Flags): string[] {
  return [
    ...(remote === undefined ? [] : flagged("--host", remote)),
    ...(stateDir === undefined ? [] : flagged("--state-dir", stateDir)),
    ...(socket === undefined ? [] : flagged("--socket", socket)),
  ];
}

/** A value that begins with a dash would be read as an option of its own. */
function flagged(flag: string, value: string): string[] {
  return value.startsWith("-") ? [`${flag}=${value}`] : [flag, value];
}
