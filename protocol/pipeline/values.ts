/**
 * Kinds of values in a pipeline file: their limits, their JSON Schemas, and their names in
 * messages.
 */
import type { JsonSchema } from "../schema/json-schema.js";

/** One key of a map in a pipeline file. */
export interface PipelineKey {
  /** What the value must be, for an error message: "takes …". */
  takes: string;
  /** In Markdown. */
  description: string;
  schema: JsonSchema;
  /** In Markdown; absent: the key is required, or has no default. */
  default?: string;
  isRequired?: true;
}

export type PipelineKeys = Readonly<Record<string, PipelineKey>>;

/**
 * Matches the name of a parameter, an output or a variable: scripts read each as an environment
 * variable.
 */
export const VARIABLE_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Most characters of a stage's name. */
export const MAX_STAGE_NAME = 200;

/** Longest duration of a pipeline file, in seconds: about 24 days. */
export const MAX_DURATION = 2_147_483;

/** Most runs of a command by `retry`. */
export const MAX_ATTEMPTS = 1000;

/** A variable of this prefix belongs to liveops. */
export const OWN_PREFIX = "LIVEOPS_";

/**
 * Variables that programs read themselves, as a regular expression: a value of a submit would be
 * lost, or would make a program run code. Without names that a file may well use, such as
 * `GIT_BRANCH`, `PYTHON_VERSION` and `TZ`.
 *
 * From sudo: `initial_badenv_table` in plugins/sudoers/env.c (`env_delete` of sudoers(5)). From
 * glibc: sysdeps/generic/unsecvars.h. The others are in the manuals of the programs.
 */
export const OF_PROGRAMS = [
  // Shells.
  "_|PATH|HOME|SHELL|PWD|OLDPWD|IFS|ENV|CDPATH|GLOBIGNORE|PS[0-4]|PROMPT_COMMAND|SHELLOPTS|BASH\\w*|UID|EUID|PPID",
  "GROUPS|RANDOM|SECONDS|LINENO|FUNCNAME|DIRSTACK|PIPESTATUS|OPTARG|OPTIND",
  "FPATH|NULLCMD|READNULLCMD|ZDOTDIR|TMPPREFIX",
  // The loader and the C library.
  "LD_\\w+|DYLD_\\w+|_RLD\\w*|LDR_\\w+|LIBPATH|SHLIB_PATH|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|NLSPATH|PATH_LOCALE",
  "LOCALDOMAIN|RES_OPTIONS|HOSTALIASES|TERMINFO|TERMINFO_DIRS|TERMPATH|TERMCAP|KRB5_CONFIG\\w*|KRB5_KTNAME",
  // Interpreters.
  "PYTHON[A-Z]+|PERL5LIB|PERL5OPT|PERL5DB|PERLLIB|PERLIO_DEBUG|RUBYLIB|RUBYOPT|RUBYSHELL|NODE_OPTIONS|NODE_PATH",
  "JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|LUA_INIT\\w*|LUA_PATH|LUA_CPATH|PHPRC|PHP_INI_SCAN_DIR",
  "AWKPATH|AWKLIBPATH|MAKEFLAGS|GNUMAKEFLAGS|MAKEFILES",
  // Programs that start other programs.
  "GIT_(?:SSH|SSH_COMMAND|EXTERNAL_DIFF|PAGER|EDITOR|SEQUENCE_EDITOR|ASKPASS|PROXY_COMMAND|EXEC_PATH|TEMPLATE_DIR)",
  "GIT_CONFIG\\w*|SSH_ASKPASS|SUDO_ASKPASS|RSYNC_RSH|TAR_OPTIONS|LESSOPEN|LESSCLOSE|PAGER|MANPAGER|EDITOR|VISUAL|BROWSER",
].join("|");

export const PARAM_TYPES = ["string", "integer", "number", "boolean", "list"] as const;

/** A YAML scalar other than null: the text counts as it is written. */
export const SCALAR: JsonSchema = { type: ["string", "number", "boolean"] };

/** A default: of type `list`, a list of texts. */
export const SCALAR_OR_LIST: JsonSchema = { anyOf: [SCALAR, { type: "array", items: SCALAR }] };

const WORDS: JsonSchema = { type: "array", items: SCALAR, minItems: 1 };
const SCRIPT: JsonSchema = { type: "string", pattern: "\\S" };
export const COMMAND: JsonSchema = { anyOf: [SCRIPT, WORDS] };

const DURATION_TEXT = "^\\s*(\\d+(\\.\\d+)?|(\\d+(\\.\\d+)?(ms|s|m|h|d))+)\\s*$";
export const DURATION: JsonSchema = {
  anyOf: [
    { type: "number", exclusiveMinimum: 0, maximum: MAX_DURATION },
    { type: "string", pattern: DURATION_TEXT },
  ],
};

/** A duration that may be 0. */
export const PAUSE: JsonSchema = {
  anyOf: [
    { type: "number", minimum: 0, maximum: MAX_DURATION },
    { type: "string", pattern: DURATION_TEXT },
  ],
};

const NAME: JsonSchema = { type: "string", pattern: `^(?!${OWN_PREFIX})[A-Za-z_][A-Za-z0-9_]*$` };
/** Name of a parameter or an output. Its value comes from outside the file. */
export const GIVEN_NAME: JsonSchema = {
  type: "string",
  pattern: `^(?!${OWN_PREFIX})(?!(?:${OF_PROGRAMS}|${Object.getOwnPropertyNames(Object.prototype).join("|")})$)[A-Za-z_][A-Za-z0-9_]*$`,
};
const ENV: JsonSchema = {
  type: "object",
  propertyNames: NAME,
  additionalProperties: SCALAR,
};
export const OP: JsonSchema = { type: "string", pattern: "^[a-z0-9]+(?:-[a-z0-9]+)*$" };
export const TEXT: JsonSchema = { type: "string", pattern: "\\S" };
export const FLAG: JsonSchema = { type: "boolean" };

export const A_TEXT = "a text";
export const A_NAME = "a name of lower-case letters, digits and dashes, such as nightly-dump";
export const A_DURATION = "a duration above 0, such as 90s, 10m or 2h";
export const A_MAP = "name: value pairs";
export const A_COMMAND = "a script (text), or a list of words";
export const A_PAUSE = "a duration, such as 500ms, 10s or 2m";
export const TRUE_OR_FALSE = "true or false";

export const ENV_KEY: PipelineKey = {
  takes: A_MAP,
  description:
    "Environment variables of the commands. A value is text as it is written: `3.10` stays `3.10`. `$name` stands for a value",
  schema: ENV,
  default: "none",
};

export const TTY_KEY: PipelineKey = {
  takes: TRUE_OR_FALSE,
  description: "Run the command on a terminal of its own, so that it prints colours and progress",
  schema: FLAG,
  default: "`false`",
};

const FROM = (key: string): JsonSchema => ({
  type: "object",
  properties: { [key]: TEXT },
  required: [key],
  additionalProperties: false,
});

/** Where the value of a secret is: a variable, a file, or what a person types. */
export const SECRET_SOURCE = "^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+|prompt:)$";

/** The values of a name of `each`. */
export const EACH_VALUES: JsonSchema = {
  anyOf: [
    { type: "array", items: SCALAR, minItems: 1 },
    { type: "string", pattern: "^\\$(\\w+|\\{\\w+\\})$" },
    FROM("lines"),
    FROM("glob"),
  ],
};

/** An item of `needs`. */
export const OUTPUT_OF: JsonSchema = {
  type: "object",
  properties: { output: COMMAND },
  required: ["output"],
  additionalProperties: false,
};

export const CWD: JsonSchema = { ...TEXT, type: "string", not: { const: "file" } };

export const RUN_KEY: PipelineKey = {
  takes: A_COMMAND,
  description:
    "The command. A text is a script for the shell, and nothing is replaced in it: `bash -euo pipefail`, or `sh -eu` where there is no bash. A list is a program with its arguments and runs without a shell; `$name` stands for a value, and `$name` of a list for a word each",
  schema: COMMAND,
  isRequired: true,
};
