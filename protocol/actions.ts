/**
 * The actions: commands that run, or messages that are posted, when something happens. The setting
 * `on`.
 */

/** What can happen to an operation, in a pipeline file and in the config file. */
export const OPERATION_EVENTS = ["success", "failure", "finish", "waits", "stall", "odd"] as const;

/** All events. `missed` and `queueEmpty` are of no operation, and only in the config file. */
export const EVENTS = [...OPERATION_EVENTS, "missed", "queueEmpty"] as const;

export type OperationEvent = (typeof OPERATION_EVENTS)[number];
export type ActionEvent = (typeof EVENTS)[number];

/** When each happens, in Markdown. */
export const EVENT_TEXTS: Record<ActionEvent, string> = {
  success: "An operation succeeded",
  failure: "An operation failed",
  finish: "An operation succeeded, failed or was cancelled",
  waits: "An approval, or a prompt of a program, has waited for its answer for 10 seconds",
  stall: "A running operation reports nothing for `stallAfter` seconds, or its worker is stopped",
  odd: "An operation succeeded with unusual numbers",
  missed: "A run of a schedule did not start, or the schedule has not succeeded for too long",
  queueEmpty: "The last operation of a queue finished",
};

/** Whom a message is for: any program, Slack or Mattermost, ntfy, Discord. */
export const MESSAGE_FORMS = ["json", "slack", "ntfy", "discord"] as const;

/** A command for sh, the words of a command, or a message to a URL. */
export type Action =
  | string
  | string[]
  | { post: string; as?: (typeof MESSAGE_FORMS)[number] | undefined };

/** By event, as a file has them: one action, or a list. */
export type Actions = { [E in ActionEvent]?: Action | Action[] | undefined };

/** Variables of the environment of a command. */
export const ACTION_VARIABLES = {
  LIVEOPS_EVENT: "Name of the event, such as `failure`",
  LIVEOPS_SUBJECT: "What happened to what, such as `Failed: Nightly backup (db1)`",
  LIVEOPS_REASON: "Why, one reason a line: the error, the question, the odd numbers; may be empty",
  LIVEOPS_NEXT: "Commands to type next, one a line",
  LIVEOPS_OPERATION_ID: "Id of the operation",
  LIVEOPS_OP: "Name of the operation type",
  LIVEOPS_TITLE: "Title of the operation",
  LIVEOPS_LABEL: "Label of the submit; empty without one",
  LIVEOPS_STATE: "State of the operation",
  LIVEOPS_CHAIN: "Id of the chain, which is the id of its first operation",
  LIVEOPS_QUEUE: "Name of the queue",
  LIVEOPS_SECONDS: "Duration of the last attempt; empty if it is not known",
  LIVEOPS_ERROR_CODE: "Code of the error; empty without one",
} as const;

/** Characters of a command or a URL. */
const MAX_TEXT = 4096;

const TEXT = { type: "string", minLength: 1, maxLength: MAX_TEXT } as const;
const WORDS = { type: "array", items: TEXT, minItems: 1 } as const;
const POST = {
  type: "object",
  properties: {
    post: {
      type: "string",
      maxLength: MAX_TEXT,
      pattern: "^(https?://[^/@\\s]+(/\\S*)?|env:[A-Za-z_][A-Za-z0-9_]*|file:~?/.+)$",
      expected:
        "an http or https URL without a password, or env:NAME or file:PATH, which hold a secret one",
    },
    as: { enum: MESSAGE_FORMS },
  },
  required: ["post"],
  additionalProperties: false,
} as const;
const ACTION = { anyOf: [TEXT, WORDS, POST] } as const;

export const ACTION_TAKES =
  'a command, a list with the words of a command, {"post": URL}, or a list of such maps and lists';

/** The JSON Schema of the actions of some events. */
export function actionsSchema<const E extends ActionEvent>(events: readonly E[]) {
  const one = {
    anyOf: [...ACTION.anyOf, { type: "array", items: ACTION, minItems: 1 }] as const,
    expected: ACTION_TAKES,
  };
  return {
    type: "object",
    properties: Object.fromEntries(events.map((event) => [event, one])) as unknown as Record<
      E,
      typeof one
    >,
    additionalProperties: false,
    expected: 'an object such as {"failure": "mail -s liveops me < /dev/null"}',
  } as const;
}

/** A list of texts is one command. */
export function actionsOf(actions: Actions | undefined, event: ActionEvent): Action[] {
  const value = actions?.[event];
  if (value === undefined) return [];
  return Array.isArray(value) && value.some((each) => typeof each !== "string")
    ? (value as Action[])
    : [value as Action];
}
