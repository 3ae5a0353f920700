/** The hooks: commands that the daemon runs when something happened to an operation, or a queue is empty. */

/** Hooks of an operation, which the config file and a submit can set. */
export const OPERATION_HOOKS = ["onSuccess", "onFailure", "onFinish", "onStall", "onOdd"] as const;

/** All hooks; `onQueueEmpty` only in the config file. */
export const HOOKS = [...OPERATION_HOOKS, "onQueueEmpty"] as const;

export type OperationHook = (typeof OPERATION_HOOKS)[number];
export type Hook = (typeof HOOKS)[number];

/** Variables of a hook's environment. */
export const HOOK_VARIABLES = {
  LIVEOPS_HOOK: "Name of the hook, such as `onFailure`",
  LIVEOPS_OPERATION_ID: "Id of the operation",
  LIVEOPS_OP: "Name of the operation type",
  LIVEOPS_TITLE: "Title of the operation",
  LIVEOPS_LABEL: "Label of the submit; empty without one",
  LIVEOPS_STATE: "State of the operation",
  LIVEOPS_CHAIN: "Id of the chain, which is the id of its first operation",
  LIVEOPS_QUEUE: "Name of the queue",
  LIVEOPS_SECONDS: "Duration of the last attempt; empty if it is not known",
  LIVEOPS_ERROR: "First line of the error; empty without one",
  LIVEOPS_ERROR_CODE: "Code of the error; empty without one",
  LIVEOPS_ODD: "Odd numbers, one a line, such as `size 0.7 GiB, usually 1.9 to 2.1 GiB`; empty without one",
} as const;

/** Characters of a hook's command. */
export const MAX_HOOK = 4096;
