/**
 * The keys of a pipeline file. These tables make the loader's messages, the JSON Schema for editors
 * (`schema.ts`) and the reference in docs/pipelines.md.
 */
import { ACTION_TAKES, actionsSchema, OPERATION_EVENTS } from "../actions.js";
import { MAX_AT_ONCE, MAX_CHOICES } from "../limits.js";
import {
  A_COMMAND,
  A_DURATION,
  A_MAP,
  A_NAME,
  A_PAUSE,
  A_TEXT,
  COMMAND,
  CWD,
  DURATION,
  EACH_VALUES,
  ENV_KEY,
  FLAG,
  GIVEN_NAME,
  MAX_ATTEMPTS,
  MAX_STAGE_NAME,
  OP,
  OUTPUT_OF,
  PARAM_TYPES,
  PAUSE,
  type PipelineKeys,
  RUN_KEY,
  SCALAR,
  SCALAR_OR_LIST,
  SECRET_SOURCE,
  TEXT,
  TRUE_OR_FALSE,
  TTY_KEY,
} from "./values.js";

/** Keys at the top of the file. */
export const PIPELINE_KEYS = {
  name: {
    takes: A_NAME,
    description: "Name of the operation type",
    schema: OP,
    default: "the name of the file",
  },
  description: {
    takes: A_TEXT,
    description: "What the pipeline does",
    schema: TEXT,
    default: "none",
  },
  params: {
    takes: A_MAP,
    description:
      "Parameters by name, given as `name=value`. A script reads each as an environment variable",
    schema: {},
    default: "none",
  },
  env: ENV_KEY,
  cwd: {
    takes: "a directory, or file",
    description:
      "Working directory of the commands. `file` is the directory of the file. A relative path begins at the directory of the submit",
    schema: TEXT,
    default: "the directory of the submit",
  },
  timeout: {
    takes: A_DURATION,
    description: "Longest duration of one attempt of the pipeline",
    schema: DURATION,
    default: "none",
  },
  fail_if_odd: {
    takes: TRUE_OR_FALSE,
    description:
      "Fail a success with a number far outside of those of earlier runs, such as a third of the usual size. Without it, the number is shown",
    schema: FLAG,
    default: "`false`",
  },
  stages: {
    takes: "a list of stages, each with name, and run, op, parallel or approve; or include",
    description:
      "The stages, in their order. The names must be unique. `{ include: FILE }` stands for the stages of that file, with the parameters and variables of this one; it has no keys but `name`, `description` and `stages`",
    schema: {},
    isRequired: true,
  },
  finally: {
    takes: `${A_COMMAND}, or a map with run`,
    description:
      "A command that runs at the end, after success, failure and cancel: a script, a list of words, or a map",
    schema: {},
    default: "none",
  },
  on: {
    takes: `a map of events: ${OPERATION_EVENTS.join(", ")}`,
    description: `Actions of the daemon, by event. Each is ${ACTION_TAKES}; see [actions](queues.md#actions)`,
    schema: actionsSchema(OPERATION_EVENTS),
    default: "none",
  },
  // biome-ignore lint/suspicious/noThenProperty: the name of a key in the file
  then: {
    takes: "a map with op, and with",
    description: "The next operation of the chain. It starts when the pipeline succeeds",
    schema: {},
    default: "none",
  },
} satisfies PipelineKeys;

/** Keys of one parameter. */
export const PARAM_KEYS = {
  type: {
    takes: `one of ${PARAM_TYPES.join(", ")}`,
    description: `Type of the value: ${PARAM_TYPES.map((type) => `\`${type}\``).join(", ")}. A list is of texts, given as \`name=a name=b\`, or as \`-- a b\` if its name is \`args\`; a script reads it as one value a line`,
    schema: { enum: [...PARAM_TYPES] },
    default: "`string`",
  },
  required: {
    takes: TRUE_OR_FALSE,
    description: "Refuse a submit without a value. Not together with `default`",
    schema: FLAG,
    default: "`false`",
  },
  default: {
    takes: "a value of the type",
    description:
      "Value where none is given. A parameter of type `string` keeps the text as it is written",
    schema: SCALAR_OR_LIST,
    default: "none; of a list, the empty list",
  },
  enum: {
    takes: "a list of values of the type",
    description: "The only values that are accepted, for text and numbers",
    schema: { type: "array", items: SCALAR, minItems: 1 },
    default: "none",
  },
  secret: {
    takes: TRUE_OR_FALSE,
    description:
      "The value is a secret: it is given as `env:NAME`, `file:PATH` or `prompt:`, and is never stored or shown. A secret is text, has no default, and reaches commands through their environment only",
    schema: FLAG,
    default: "`false`",
  },
  from: {
    takes: "env:NAME, file:PATH or prompt:",
    description: "Where the value of a secret is, unless the submit says so",
    schema: { type: "string", pattern: SECRET_SOURCE },
    default: "none",
  },
  description: {
    takes: A_TEXT,
    description: "Shown in `--help` and in the form",
    schema: TEXT,
    default: "none",
  },
} satisfies PipelineKeys;

/** Something else may run in its place. */
const { isRequired: _, ...WITHOUT_RUN } = RUN_KEY;

/** Keys of an item of `stages` that stands for the stages of a file. */
export const INCLUDE_KEYS = {
  include: {
    takes: "a file with stages",
    description: "The stages of this file stand here. A relative path begins at this file",
    schema: TEXT,
    isRequired: true,
  },
} satisfies PipelineKeys;

/** Keys of a file that is included. */
export const INCLUDED_KEYS = {
  name: PIPELINE_KEYS.name,
  description: PIPELINE_KEYS.description,
  stages: PIPELINE_KEYS.stages,
} satisfies PipelineKeys;

/** Keys of one step of `parallel`: those of a stage, apart from those that make steps. */
export const STEP_KEYS = {
  name: {
    takes: `a text of one line, at most ${MAX_STAGE_NAME} characters`,
    description: "Name",
    schema: {
      ...SCALAR,
      pattern: "^[^\\x00-\\x1f\\x7f]*\\S[^\\x00-\\x1f\\x7f]*$",
      maxLength: MAX_STAGE_NAME,
    },
    isRequired: true,
  },
  run: { ...WITHOUT_RUN, default: "required without `op`" },
  op: {
    takes: `a pipeline file, or the name of an operation type`,
    description:
      "An operation that runs inside of this one, in the place of `run`: a pipeline file, relative to this file (`build.yaml`, `./build.yaml`), or the name of an operation type. It runs in the slot of this one. Its outputs are those of the stage",
    schema: TEXT,
    default: "none",
  },
  with: {
    takes: A_MAP,
    description:
      "Parameters of `op`. `$name` stands for a value in each text; a text that is `$name` alone keeps the type of a parameter. A secret is given as `$name` alone, and only its reference is stored",
    schema: { type: "object" },
    default: "none",
  },
  queue: {
    takes: "the name of a queue",
    description:
      "A queue in which the stage waits for a slot: all stages with this queue share its slots. `run` runs as an operation inside of this one",
    schema: OP,
    default: "the slot of the pipeline",
  },
  env: {
    ...ENV_KEY,
    description: `${ENV_KEY.description}. They are added to those of the pipeline`,
  },
  cwd: {
    takes: "a directory",
    description: "Working directory. A relative path begins at that of the pipeline",
    schema: CWD,
    default: "that of the pipeline",
  },
  when: {
    takes: A_COMMAND,
    description:
      "A command that decides, as `run`. Exit code 0: it runs. 1: it is skipped. Another: it fails",
    schema: COMMAND,
    default: "it always runs",
  },
  timeout: {
    takes: A_DURATION,
    description: "Longest duration of one run of the command",
    schema: DURATION,
    default: "none",
  },
  retry: {
    takes: "a map with attempts, backoff and exit",
    description: "Run a command that failed again",
    schema: {},
    default: "no retry",
  },
  allow_failure: {
    takes: TRUE_OR_FALSE,
    description: "The pipeline continues after a failure, and shows it",
    schema: FLAG,
    default: "`false`",
  },
  tty: TTY_KEY,
  outputs: {
    takes: "a list of names of outputs",
    description:
      "Names of values that the command writes as `name=value` lines to the file `$LIVEOPS_OUTPUT`. Later stages, `finally` and `with` can use them. With `op`, names of values of its result",
    schema: { type: "array", items: GIVEN_NAME, minItems: 1 },
    default: "none; with `op` of a file, all outputs of the file",
  },
  needs: {
    takes: "a list of paths, patterns and { output: COMMAND }",
    description:
      "What the command reads: files, patterns, and commands whose output counts. Where nothing of it changed since the last run, and `makes` is as that run left it, the command does not run. In `parallel`, a step that needs what another step makes starts after it",
    schema: { type: "array", items: { anyOf: [TEXT, OUTPUT_OF] }, minItems: 1 },
    default: "none",
  },
  makes: {
    takes: "a list of paths and patterns",
    description: "Files that the command makes. It fails if one is not there after the command",
    schema: { type: "array", items: TEXT, minItems: 1 },
    default: "none",
  },
} satisfies PipelineKeys;

/** Keys of one stage. */
export const STAGE_KEYS = {
  ...STEP_KEYS,
  run: { ...WITHOUT_RUN, default: "required without `op`, `parallel` and `approve`" },
  approve: {
    takes: "a question (text)",
    description:
      "A question to a person, in the place of `run`. The operation gives back its worker and its slot until `liveops approve` or `liveops reject` answers. The answer is the output `approved`. `$name` stands for a value",
    schema: TEXT,
    default: "none",
  },
  choices: {
    takes: "a list of texts of one line",
    description: "Possible answers to `approve`. `no` rejects: the stage fails",
    schema: { type: "array", items: SCALAR, minItems: 1, maxItems: MAX_CHOICES },
    default: "`[yes, no]`",
  },
  default: {
    takes: "one of the choices",
    description: "The answer to `approve` after `timeout`",
    schema: SCALAR,
    default: "none: the stage fails",
  },
  timeout: {
    ...STEP_KEYS.timeout,
    description:
      "Longest duration of one run of the command; with `approve`, of the wait for an answer",
  },
  parallel: {
    takes: "a list of steps, each with name and run",
    description:
      "Steps that run side by side, in the place of `run`. The names must be unique. `env` and `cwd` of the stage are for all steps",
    schema: {},
    default: "none",
  },
  each: {
    takes:
      "a map of names, each with a list, $name of a list, { lines: FILE } or { glob: PATTERN }",
    description:
      "Runs `run` once for each value, side by side; of several names, for all combinations. A script reads the value as an environment variable",
    schema: {
      type: "object",
      propertyNames: GIVEN_NAME,
      additionalProperties: EACH_VALUES,
      minProperties: 1,
    },
    default: "none",
  },
  at_once: {
    takes: `a whole number from 1 to ${MAX_AT_ONCE}`,
    description: "Most steps that run at the same time",
    schema: { type: "integer", minimum: 1, maximum: MAX_AT_ONCE },
    default: "the number of cores",
  },
  on_failure: {
    takes: "stop or finish",
    description:
      "After the first failure of a step. `stop`: the other steps are ended as by a cancel. `finish`: all steps run. Then the stage fails",
    schema: { enum: ["stop", "finish"] },
    default: "`stop`",
  },
} satisfies PipelineKeys;

/** Keys of `retry`. */
export const RETRY_KEYS = {
  attempts: {
    takes: `a whole number from 1 to ${MAX_ATTEMPTS}`,
    description: "Most runs of the command in total",
    schema: { type: "integer", minimum: 1, maximum: MAX_ATTEMPTS },
    isRequired: true,
  },
  backoff: {
    takes: A_PAUSE,
    description: "Pause before the second run. Doubles with each further run, up to one hour",
    schema: PAUSE,
    default: "`1s`",
  },
  exit: {
    takes: "a list of exit codes from 1 to 255",
    description: "Exit codes after which the command runs again",
    schema: { type: "array", items: { type: "integer", minimum: 1, maximum: 255 }, minItems: 1 },
    default: "all but 0",
  },
} satisfies PipelineKeys;

/** Keys of `finally`, where it is a map. */
export const FINALLY_KEYS = {
  run: RUN_KEY,
  env: STEP_KEYS.env,
  cwd: STEP_KEYS.cwd,
  timeout: { ...STEP_KEYS.timeout, default: "`60s`" },
  tty: TTY_KEY,
} satisfies PipelineKeys;

/** Keys of `then`. */
export const THEN_KEYS = {
  op: { takes: A_NAME, description: "Name of the operation type", schema: OP, isRequired: true },
  with: {
    takes: A_MAP,
    description:
      "Parameters of the operation. `$name` stands for a value in each text; a text that is `$name` alone keeps the type of the value",
    schema: { type: "object" },
    default: "none",
  },
} satisfies PipelineKeys;
