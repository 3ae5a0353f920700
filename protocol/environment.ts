/**
 * The table of environment variables that reach an operation: the config file, the commands, the
 * daemon and the docs use these names. A pattern is a name, in which `*` stands for any characters.
 */

export type Variables = Record<string, string | undefined>;

/** Variables that every process needs. The daemon's own value is used if the submitter has none. */
export const BASE_VARIABLES: readonly string[] = [
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "PATH",
  "LANG",
  "LC_*",
  "TZ",
  "TMPDIR",
];

/**
 * Default of `env.allow`: variables that a submit sends besides the base.
 *
 * An allow list, because no list of variables that hold tokens, keys and passwords can be complete.
 */
export const ALLOWED_VARIABLES: readonly string[] = [
  "LANGUAGE",
  "TERM",
  "EDITOR",
  // Places: an operation that calls liveops finds the same daemon and config file.
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_RUNTIME_DIR",
  "XDG_STATE_HOME",
  "LIVEOPS_CONFIG",
  "LIVEOPS_OPS",
  "LIVEOPS_SOCKET",
  "LIVEOPS_STATE_DIR",
  // Certificates of a company network.
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  // Where the tools of several languages find their installation.
  "VIRTUAL_ENV",
  "CARGO_HOME",
  "RUSTUP_HOME",
  "GOPATH",
  "GOROOT",
  "JAVA_HOME",
  "NVM_DIR",
  "NVM_BIN",
  "NVM_INC",
  "NVM_CD_FLAGS",
  "NVM_RC_VERSION",
];

/** Variables that liveops sets for an operation and the processes that it starts. */
export const OPERATION_VARIABLES = {
  LIVEOPS_OPERATION_ID: "Id of the operation",
  LIVEOPS_OP: "Name of the operation type",
  LIVEOPS_ATTEMPT: "Number of the attempt, from 1",
  LIVEOPS_STAGE: "Name of the running stage, tracked or not; absent while no stage runs",
  LIVEOPS_STEP:
    "Name of the step that runs the program; absent in other programs and in `process.env`",
  LIVEOPS_CHAIN: "Id of the chain, which is the id of its first operation",
  LIVEOPS_SLOT:
    "Number of the slot of its queue, from 1 to the concurrency of the queue; 1 in `liveops run`",
} as const;

/** Variables that liveops sets for a program that an operation runs with `p.exec`. */
export const PROGRAM_VARIABLES = {
  LIVEOPS_REPORT: "File to which the program appends lines about its progress",
} as const;

/**
 * Marks by which liveops finds the processes of an operation, and variables between its own
 * processes.
 */
const MARKS = ["LIVEOPS_WORKER", "LIVEOPS_RUN", "LIVEOPS_RUN_CANCEL", "LIVEOPS_RUN_SUPERVISOR"];

/** Variables that no submit may set. */
export const RESERVED_VARIABLES: readonly string[] = [
  ...Object.keys(OPERATION_VARIABLES),
  ...Object.keys(PROGRAM_VARIABLES),
  ...MARKS,
];

export function isReserved(name: string): boolean {
  return RESERVED_VARIABLES.includes(name);
}

/** A test whether a name matches one of the patterns. */
export function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const globs = patterns
    .filter((pattern) => pattern.includes("*"))
    .map((pattern) => pattern.split("*"));
  return (name) => names.has(name) || globs.some((parts) => hasInOrder(name, parts));
}

/**
 * Whether the text begins with the first part, ends with the last one, and has the others in
 * between. The earliest place of a part is enough, so that the time does not grow with the number
 * of ways in which the parts fit.
 */
function hasInOrder(text: string, parts: readonly string[]): boolean {
  const [first = "", ...others] = parts;
  const last = others.pop() ?? "";
  if (!text.startsWith(first)) return false;
  let end = first.length;
  for (const part of others) {
    const at = text.indexOf(part, end);
    if (at === -1) return false;
    end = at + part.length;
  }
  return end + last.length <= text.length && text.endsWith(last);
}

/**
 * Whether a variable names a place of a machine, or a user of it: on another machine its value is
 * not true.
 */
export const isOfAMachine = nameMatcher([
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "PATH",
  "TMPDIR",
  "XDG_*",
  "LIVEOPS_*",
  "SSL_CERT_*",
  "NODE_EXTRA_CA_CERTS",
  "VIRTUAL_ENV",
  "*_HOME",
  "GOPATH",
  "GOROOT",
  "NVM_*",
]);

/** The variables whose names match a pattern and are not reserved. */
export function matchingVariables(
  env: Variables,
  patterns: readonly string[],
): Record<string, string> {
  const matches = nameMatcher(patterns);
  const matching: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && matches(name) && !isReserved(name)) matching[name] = value;
  return matching;
}

/** The variables that a submit sends by default: the base, and those that `env.allow` permits. */
export function capturedVariables(
  env: Variables,
  allow: readonly string[] = ALLOWED_VARIABLES,
): Record<string, string> {
  return matchingVariables(env, [...BASE_VARIABLES, ...allow]);
}
