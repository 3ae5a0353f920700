/** Operation types as `GET /v1/ops` tells them, for the forms. */
import type { OperationType, TypesReply } from "../../../protocol/replies.js";

export function type(over: Partial<OperationType> & { op: string }): OperationType {
  return {
    title: over.op,
    stages: ["Run"],
    failIfOdd: false,
    resumable: false,
    timeout: null,
    gracePeriod: 10,
    retry: null,
    queue: null,
    requires: [],
    hosts: "same",
    partition: "end",
    file: `/home/ada/ops/${over.op}.ts`,
    params: null,
    ...over,
  };
}

export const BACKUP_TYPE = type({
  op: "backup",
  title: "Back up a folder",
  stages: ["Scan", "Archive", "Checksum"],
  resumable: true,
  params: {
    type: "object",
    properties: {
      source: { type: "string", minLength: 1, description: "directory or file to back up" },
      target: {
        type: "string",
        minLength: 1,
        description: "directory the archive goes to; made where it is missing",
      },
      exclude: {
        default: [],
        description: "names to leave out",
        type: "array",
        items: { type: "string", minLength: 1 },
      },
      keep: { default: 7, description: "how many archives are kept", type: "integer", minimum: 1 },
      unreadable: {
        default: "fail",
        description: "what to do about entries that cannot be read",
        type: "string",
        enum: ["fail", "skip"],
      },
      verify: { default: true, description: "read it again afterwards", type: "boolean" },
      limits: {
        description: "anything more",
        type: "object",
        properties: { cpu: { type: "number" } },
      },
    },
    required: ["source", "target"],
  },
});

export const SHELL_TYPE = type({
  op: "shell",
  title: "Shell command",
  params: {
    type: "object",
    properties: {
      args: {
        type: "array",
        items: { type: "string" },
        minItems: 1,
        description: "the command and its words",
      },
    },
    required: ["args"],
  },
});

/** `shell` with all that it takes. */
export const SCRIPT_TYPE = type({
  op: "shell",
  title: "Shell command",
  params: {
    type: "object",
    properties: {
      args: {
        type: "array",
        items: { type: "string" },
        default: [],
        description: "command and its words",
      },
      script: { type: "string", description: "script for sh -c" },
      grace: { type: "number", default: 8 },
    },
  },
});

export const TYPES: TypesReply = {
  ops: [
    BACKUP_TYPE,
    type({ op: "fails-at-item", title: "Fails at an item", stages: ["Load", "Process", "Save"] }),
    SHELL_TYPE,
    type({ op: "verify-backup", title: "Verify a backup" }),
  ],
  errors: [{ file: "/home/ada/ops/broken.ts", message: "Unexpected token at broken.ts:3:7" }],
  withoutType: [],
  notLoaded: [],
  shadowed: [],
};
