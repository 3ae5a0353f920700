/** The channels of notices in the config file: their kinds, and the keys that all kinds have. */
import { DEFAULT_EVENTS, DEFAULT_LONGER_THAN, EVENT_NAMES } from "../../notices.js";

const SECRET = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:(~?\/).+)$/;

/** Whether the text names a secret, which is read where it is used. */
export function isReference(text: string): boolean {
  return /^(env|file):/.test(text);
}

const referenceProblem = (text: string) =>
  !isReference(text) || SECRET.test(text)
    ? null
    : "must be env:NAME, or file: with an absolute path or ~/, such as file:~/.config/liveops/token";

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** @param host - as a URL has it */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Why no secret goes to the URL, or no URL that is a secret is used; null: it may. */
export function clearTextProblem(text: string): string | null {
  const url = URL.parse(text);
  return url?.protocol !== "http:" || isLoopback(url.hostname)
    ? null
    : "must be an https URL: http sends a secret over the network in clear";
}

const tokenProblem = ({ server = "", token }: { server?: string; token?: string }) => {
  const problem = token === undefined ? null : clearTextProblem(server);
  return problem === null ? null : `has a token, so its server ${problem}`;
};

const urlProblem = (text: string) => {
  if (isReference(text)) return referenceProblem(text);
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    return "must be an http or https URL, such as https://example.org/hook";
  return url.username + url.password === ""
    ? null
    : "must hold no user and password; write the URL into a file, and give file:PATH";
};

const smtpProblem = (text: string) => {
  const url = URL.parse(text);
  if (url === null || !/^smtps?:$/.test(url.protocol) || url.hostname === "")
    return "must be a URL such as smtp://mail.example.org:587, or smtps:// for TLS from the start";
  return url.username + url.password === ""
    ? null
    : "must hold no user and password; give user, and password=env:NAME or file:PATH";
};

/** The secret itself does not belong in the config file, in a command line or in a shell's history. */
const secret = (description: string) =>
  ({
    type: "string",
    pattern: SECRET.source,
    description,
    expected: "env:NAME or file:PATH with an absolute path or ~/, which name the place of the secret",
  }) as const;

/** A text, or where a secret one is. */
const text = (description: string) =>
  ({ type: "string", minLength: 1, maxLength: 4096, description, check: referenceProblem }) as const;

const url = (description: string) =>
  ({ type: "string", minLength: 1, maxLength: 4096, description, check: urlProblem }) as const;

/** The kinds, each with its settings. */
export const CHANNEL_KINDS = {
  ntfy: {
    type: "object",
    description: "push messages to a phone or a browser, by ntfy.sh or your own server",
    properties: {
      topic: text("topic; who knows the name of a topic of a public server can read it"),
      server: url("base URL of the server; default: https://ntfy.sh"),
      token: secret("access token of the server"),
    },
    required: ["topic"],
    additionalProperties: false,
    check: tokenProblem,
  },
  slack: {
    type: "object",
    description: "incoming webhook of Slack, Mattermost or Discord",
    properties: { url: { ...secret("URL of the incoming webhook, which is a secret"), check: urlProblem } },
    required: ["url"],
    additionalProperties: false,
  },
  mail: {
    type: "object",
    description: "mail, by the sendmail program of this machine or by an SMTP server",
    properties: {
      to: text("addresses, separated by commas"),
      from: text("sender; default: the user at this host"),
      smtp: {
        type: "string",
        minLength: 1,
        maxLength: 4096,
        description: "SMTP server; default: sendmail of this machine",
        check: smtpProblem,
      },
      user: text("user of the SMTP server"),
      password: secret("password of the SMTP server"),
    },
    required: ["to"],
    additionalProperties: false,
  },
  desktop: {
    type: "object",
    description: "notification of the desktop, by notify-send or osascript",
    properties: {},
    additionalProperties: false,
  },
  webhook: {
    type: "object",
    description: "CloudEvents as JSON to a URL, signed as Standard Webhooks do it",
    properties: {
      url: url("where each event is posted"),
      secret: secret("key of the signature: whsec_ with base64, or any text; without it nothing is signed"),
    },
    required: ["url"],
    additionalProperties: false,
  },
  command: {
    type: "object",
    description: "a command with the notice as JSON on its stdin",
    properties: { run: text("command for sh -c") },
    required: ["run"],
    additionalProperties: false,
  },
} as const;

export type ChannelKind = keyof typeof CHANNEL_KINDS;
export const CHANNEL_KIND_NAMES = Object.keys(CHANNEL_KINDS) as ChannelKind[];

/** A channel has one kind: the config file is checked. */
export function channelKindOf(channel: { [K in ChannelKind]?: unknown }): ChannelKind {
  return CHANNEL_KIND_NAMES.find((kind) => channel[kind] !== undefined)!;
}

/** Most channels of a daemon. */
const MOST_CHANNELS = 20;

const CHANNEL_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** `22:00-07:00` */
export const QUIET = /^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/;

const patterns = (of: string) =>
  ({
    type: "array",
    items: { type: "string", minLength: 1, maxLength: 200 },
    description: `only operations with one of these ${of}; * stands for any characters`,
    expected: 'a list of names or patterns, such as ["backup*"]',
  }) as const;

const kindProblem = (channel: Record<string, unknown>) => {
  const names = Object.keys(channel);
  const kinds = names.filter((name) => CHANNEL_KIND_NAMES.includes(name as ChannelKind));
  // The message about an unknown key lists the kinds.
  const isUnknown = names.some((name) => !Object.hasOwn(CHANNEL_SCHEMA.properties, name));
  if (kinds.length === 1 || (kinds.length === 0 && isUnknown)) return null;
  const has = kinds.length === 0 ? "" : `, and has ${kinds.join(" and ")}`;
  return `must have exactly one of ${CHANNEL_KIND_NAMES.join(", ")}${has}`;
};

const CHANNEL_SCHEMA = {
  type: "object",
  properties: {
    ...CHANNEL_KINDS,
    events: {
      type: "array",
      items: { enum: EVENT_NAMES },
      description: `events that the channel tells; default: ${DEFAULT_EVENTS.join(", ")}`,
      expected: `a list of events: ${EVENT_NAMES.join(", ")}`,
    },
    longerThan: {
      type: "number",
      minimum: 0,
      maximum: 31_536_000,
      description: `seconds an operation must have run for the event finished; default: ${DEFAULT_LONGER_THAN}`,
    },
    op: patterns("types"),
    queue: patterns("queues"),
    label: patterns("labels"),
    quiet: {
      type: "string",
      pattern: QUIET.source,
      description: "hours of the day without notices, in the time of this machine; they follow afterwards",
      expected: 'hours such as "22:00-07:00"',
    },
  },
  additionalProperties: false,
  check: kindProblem,
  expected: 'an object such as {"ntfy": {"topic": "builds"}}',
} as const;

/** The channels by name. */
export const CHANNELS_SCHEMA = {
  type: "object",
  propertyNames: {
    pattern: CHANNEL_NAME.source,
    maxLength: 40,
    expected: "a name of lower-case letters, digits and -, such as phone",
  },
  additionalProperties: CHANNEL_SCHEMA,
  maxProperties: MOST_CHANNELS,
  check: (channels: Record<string, unknown>) =>
    Object.keys(channels).length > MOST_CHANNELS ? `must have at most ${MOST_CHANNELS} channels` : null,
  expected:
    'channels by name, such as {"phone": {"ntfy": {"topic": "builds"}}}; the bell of the dashboard is the setting alert',
} as const;
