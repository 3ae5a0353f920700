/** A request to the daemon, as a value, so that a question and the shell command can show it first. */
import { onRemote } from "../../../protocol/client/ssh/address.js";
import type { EditBody } from "../../../protocol/requests.js";
import { shellQuote } from "../../../protocol/text/shell-quote.js";
import type { Submit } from "../form/form.js";
import { bareOf, hostOfKey } from "./host-key.js";

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
  | {
      readonly kind: "edit";
      readonly ids: readonly string[];
      /** For the operation at the same place of `ids`. */
      readonly changes: readonly EditBody[];
      /** What it does, for the notice. */
      readonly done: string;
    }
  | { readonly kind: SwitchKind; readonly name: string }
  | Submit;

/** The change of a queue, a schedule or a host. */
export type SwitchKind =
  | ("pause-queue" | "resume-queue" | "pause-schedule" | "resume-schedule")
  | ("drain-host" | "undrain-host" | "declare-lost");

/** Operations that the request is about; none for a new one. */
export function idsOf(request: Request | null): readonly string[] {
  return request !== null && "ids" in request ? request.ids : [];
}

/** For the header, until the daemon answers. */
export const UNDER_WAY: Record<Request["kind"], string> = {
  cancel: "cancelling",
  retry: "retrying",
  remove: "removing",
  pause: "pausing",
  resume: "resuming",
  edit: "changing",
  "pause-queue": "pausing the queue",
  "resume-queue": "resuming the queue",
  "pause-schedule": "pausing the schedule",
  "resume-schedule": "resuming the schedule",
  "drain-host": "draining the host",
  "undrain-host": "undoing the drain",
  "declare-lost": "declaring the host lost",
  submit: "submitting",
};

/** Flags that this dashboard was started with: a command that it shows names the same daemon. */
export interface Flags {
  /** Address of a daemon on another machine. */
  readonly remote?: string | undefined;
  readonly socket?: string | undefined;
  readonly stateDir?: string | undefined;
  /** With several daemons: the flags of each, by its name. The key of an operation names its daemon. */
  readonly hosts?: ReadonlyMap<string, Flags> | undefined;
}

/** The flags of the daemon that the key names. */
export function flagsOf(key: string | undefined, flags: Flags): Flags {
  const { hosts } = flags;
  if (hosts === undefined) return flags;
  return hosts.get(hostOfKey(key ?? "") ?? "") ?? {};
}

/** Words that may be keys, all of one daemon: the command has them without the host. */
export function liveops(words: readonly string[], flags: Flags): string {
  if (flags.hosts === undefined) return command("liveops", words, flags);
  const isKey = (word: string) => flags.hosts!.has(hostOfKey(word) ?? "");
  const bare = words.map((word) => (isKey(word) ? bareOf(word) : word));
  return command("liveops", bare, flagsOf(words.find(isKey), flags));
}

function command(program: string, words: readonly string[], flags: Flags): string {
  return [program, ...words.slice(0, 1), ...flagWords(flags), ...words.slice(1)].map(shellQuote).join(" ");
}

/** A command for each host that the ids are of. */
function liveopsEach(ids: readonly string[], words: (ids: readonly string[]) => string[], flags: Flags) {
  const groups = [...Map.groupBy(ids, hostOfKey).values()];
  return groups
    .map((group) => command("liveops", words(group.map(bareOf)), flagsOf(group[0], flags)))
    .join(" && ");
}

export function startDaemon(flags: Flags): string {
  return liveopsd(["start"], flags);
}

function liveopsd(words: readonly string[], flags: Flags): string {
  if (flags.remote !== undefined) return onRemote(flags.remote, ["liveopsd", ...words]);
  return ["liveopsd", ...words, ...flagWords(flags)].map(shellQuote).join(" ");
}

/** With the type left to the person who types it. */
export function submitAny(flags: Flags): string {
  return liveops(["submit", "<op>"], flags).replace("'<op>'", "<op>");
}

export function commandOf(request: Request, flags: Flags): string {
  switch (request.kind) {
    case "cancel":
      return liveopsEach(request.ids, (ids) => ["cancel", ...ids], flags);
    case "retry":
      return liveopsEach(
        request.ids,
        (ids) => [
          "retry",
          ...ids,
          ...(request.from === undefined ? [] : flagged("--from", request.from)),
          ...(request.current ? ["--current"] : []),
        ],
        flags,
      );
    case "remove":
      return liveopsEach(request.ids, (ids) => ["rm", ...ids], flags);
    case "pause":
    case "resume":
      return liveopsEach(request.ids, (ids) => [request.kind, ...ids], flags);
    case "edit":
      return request.ids
        .map((id, i) => liveops(["edit", id, ...changeWords(request.changes[i]!)], flags))
        .join(" && ");
    case "pause-queue":
    case "resume-queue":
      return liveops([request.kind === "pause-queue" ? "pause" : "resume", "--queue", request.name], flags);
    case "pause-schedule":
    case "resume-schedule":
      return liveops(
        ["schedule", request.kind === "pause-schedule" ? "pause" : "resume", request.name],
        flags,
      );
    case "drain-host":
      return liveopsd(["drain"], hostFlags(request.name, flags));
    case "undrain-host":
      return liveopsd(["drain", "--undo"], hostFlags(request.name, flags));
    case "declare-lost":
      return liveops(["hosts", "lost", request.name], flags);
    case "submit":
      return submitCommand(request, flags);
  }
}

/** The flags of a host, by its name. */
const hostFlags = (name: string, flags: Flags): Flags =>
  flags.hosts === undefined ? flags : (flags.hosts.get(name) ?? {});

/** The words of fields that have a flag of the same name. */
const changeWords = (change: EditBody): string[] =>
  Object.entries(change).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : flagged(`--${name}`, String(value)),
  );

function submitCommand(request: Submit, flags: Flags): string {
  const { again, edit, label, params, op } = request;
  const id = again ?? edit;
  // Words that a person typed are never keys.
  if (id === undefined)
    return command("liveops", ["submit", ...submitWords({ ...request, op: bareOf(op) })], flagsOf(op, flags));
  const labels = edit === undefined ? labelWords(request) : flagged("--label", label);
  const words = [edit === undefined ? "again" : "edit", bareOf(id), "--params", JSON.stringify(params ?? {})];
  return command("liveops", [...words, ...labels], flagsOf(id, flags));
}

function submitWords({ op, set, args, params, label }: Submit): string[] {
  return [
    op,
    ...set,
    ...(params === undefined ? [] : ["--params", JSON.stringify(params)]),
    ...labelWords({ label }),
    ...(args === undefined ? [] : ["--", ...args]),
  ];
}

const labelWords = ({ label }: Pick<Submit, "label">) => (label === "" ? [] : flagged("--label", label));

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
