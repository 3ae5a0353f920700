/** What the daemon is asked to do, as a value, so that a question and the shell command can show it first. */
import { shellQuote } from "../../../protocol/shell-quote.js";

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
  | Submit;

export interface Submit {
  readonly kind: "submit";
  readonly op: string;
  /** Words `name=value`, as they are typed in a shell. */
  readonly set: readonly string[];
  /** What follows `--` in a shell; undefined where nothing does. */
  readonly args: readonly string[] | undefined;
  /** Instead of words, where a parameter's name cannot be typed as one. */
  readonly params: Readonly<Record<string, unknown>> | undefined;
  /** "" for none. */
  readonly label: string;
  /** The finished operation that runs again, with `params`. */
  readonly again?: string | undefined;
}

/** Operations that the request is about; none for a new one. */
export function idsOf(request: Request | null): readonly string[] {
  return request === null || request.kind === "submit" ? [] : request.ids;
}

/** For the header, until the daemon answers. */
export const UNDER_WAY: Record<Request["kind"], string> = {
  cancel: "cancelling",
  retry: "retrying",
  remove: "removing",
  submit: "submitting",
};

/** Flags that this dashboard was started with: a command that it shows names the same daemon. */
export interface Flags {
  readonly socket?: string | undefined;
  readonly stateDir?: string | undefined;
}

export function liveops(words: readonly string[], flags: Flags): string {
  return ["liveops", ...words.slice(0, 1), ...flagWords(flags), ...words.slice(1)].map(shellQuote).join(" ");
}

export function startDaemon(flags: Flags): string {
  return ["liveopsd", "start", ...flagWords(flags)].map(shellQuote).join(" ");
}

/** With the type left to the person who types it. */
export function submitAny(flags: Flags): string {
  return liveops(["submit", "<op>"], flags).replace("'<op>'", "<op>");
}

export function commandOf(request: Request, flags: Flags): string {
  switch (request.kind) {
    case "cancel":
      return liveops(["cancel", ...request.ids], flags);
    case "retry":
      return liveops(
        [
          "retry",
          ...request.ids,
          ...(request.from === undefined ? [] : flagged("--from", request.from)),
          ...(request.current ? ["--current"] : []),
        ],
        flags,
      );
    case "remove":
      return liveops(["rm", ...request.ids], flags);
    case "submit":
      return request.again === undefined
        ? liveops(["submit", ...submitWords(request)], flags)
        : liveops(
            [
              "again",
              request.again,
              "--params",
              JSON.stringify(request.params ?? {}),
              ...labelWords(request),
            ],
            flags,
          );
  }
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

export function flagWords({ socket, stateDir }: Flags): string[] {
  return [
    ...(stateDir === undefined ? [] : flagged("--state-dir", stateDir)),
    ...(socket === undefined ? [] : flagged("--socket", socket)),
  ];
}

/** A value that begins with a dash would be read as an option of its own. */
export function flagged(flag: string, value: string): string[] {
  return value.startsWith("-") ? [`${flag}=${value}`] : [flag, value];
}
