/**
 * Fixed limits of the protocol; users cannot set them. A larger value is rejected or cut, and this
 * is reported.
 */

/** Bytes of the body of a request. */
export const MAX_BODY = 4 * 1024 * 1024;

/**
 * Bytes of parameters and environment of a queued operation, on average over the queue: all of them
 * are in memory.
 */
export const MAX_QUEUED_BYTES = 32 * 1024;

/** Bytes of a result as JSON. */
export const MAX_RESULT = 1024 * 1024;

/** Bytes of the parameters of an operation as JSON. */
export const MAX_PARAMS = 1024 * 1024;

/** Characters of a title; a longer one is cut. */
export const MAX_TITLE = 200;

/** Characters of the text of a result; a longer one is cut. */
export const MAX_RESULT_TEXT = 4096;

/** Characters of a status; a longer one is cut. */
export const MAX_STATUS = 4096;

/** Characters of an error's message, and of its stack; a longer text is cut. */
export const MAX_ERROR = 64 * 1024;

/** Characters of a log line; a longer one becomes several. */
export const MAX_LOG_LINE = 64 * 1024;

/** Characters of a label. */
export const MAX_LABEL = 200;

/** Characters of a history key; a longer one is hashed. */
export const MAX_HISTORY_KEY = 120;

/** Characters of a working directory: no path of a Unix system is longer. */
export const MAX_CWD = 4095;

/** Variables of one submit's `env`. */
export const MAX_ENV = 4096;

/** `name=value` arguments of one submit. */
export const MAX_WORDS = 10_000;

/** Operations that one operation waits for. */
export const MAX_AFTER = 1000;

/** Operations of one submit. */
export const MAX_BATCH = 1000;

/**
 * Queued operations that a watch stream sends, and `ls` lists, in the order of the queues; pages
 * list the others.
 */
export const FIRST_QUEUED = 500;

/** Milliseconds between two pings of a watch stream. */
export const WATCH_PING_MS = 2000;

/** Ids of one request that acts on many operations. */
export const MAX_SELECTED = 100_000;

/** Stages and steps that one retry takes as done by hand. */
export const MAX_DONE = 100;

/**
 * Nesting depth of lists and objects in parameters, results and stage values. jq 1.6 reads no
 * deeper.
 */
export const MAX_DEPTH = 256;

/** Steps in one run of a stage's block. */
export const MAX_STEPS = 10_000;

/** Steps of a stage that run at the same time. */
export const MAX_AT_ONCE = 200;

/**
 * Steps that a record lists; `stepCounts` counts all. Greater than `MAX_AT_ONCE`, since active
 * steps stay in the list.
 */
export const MAX_LISTED_STEPS = 300;

/** Characters of the name of a step. */
export const MAX_STEP_NAME = 200;

/**
 * Characters of the status, the reason and the label of a step in a record; a longer text is cut.
 */
export const MAX_STEP_TEXT = 200;

/** Operations inside of which one may run. */
export const MAX_NESTED = 16;

/**
 * Most questions of an operation, most characters of a question and of a choice, and most choices.
 */
export const MAX_APPROVALS = 100;
export const MAX_QUESTION = 500;
export const MAX_CHOICE = 60;
export const MAX_CHOICES = 20;
