/** The columns of a list of operation types. */

import type { OperationType } from "../../protocol/replies.js";
import { limitsText } from "../../protocol/resource-limits.js";
import type { TableSpec } from "../kit/output/table.js";
import { formatDuration } from "../terminal/format.js";

export const TYPES: TableSpec<OperationType> = {
  columns: [
    { name: "op", about: "Name of the type", text: (it) => it.op, atLeast: 12 },
    { name: "title", about: "Title", text: (it) => it.title, atLeast: 12 },
    {
      name: "stages",
      about: "Stages, in order",
      text: ({ stages }) => (stages === null ? "(depend on the parameters)" : stages.join(", ")),
      ...{ sort: ({ stages }) => stages?.length ?? -1, atLeast: 12 },
    },
    {
      name: "resumable",
      about: "Whether a retry skips the stages that are done",
      text: ({ resumable }) => (resumable ? "yes" : "no"),
    },
    {
      name: "timeout",
      about: "Most time of an attempt",
      text: ({ timeout }) => (timeout === null ? "" : formatDuration(timeout)),
      ...{ sort: ({ timeout }) => timeout ?? Number.POSITIVE_INFINITY, align: "right", only: "wide" },
    },
    {
      name: "attempts",
      about: "Attempts in total",
      text: ({ retry }) => String(retry?.attempts ?? 1),
      ...{ sort: ({ retry }) => retry?.attempts ?? 1, align: "right", only: "wide" },
    },
    { name: "queue", about: "Queue of its operations", text: (it) => it.queue ?? "", only: "wide" },
    { name: "limits", about: "Limits of its resources", text: (it) => limitsText(it), only: "wide" },
    { name: "file", about: "File that defines the type", text: (it) => it.file, atLeast: 12, only: "wide" },
  ],
  firstToShrink: ["file", "stages", "title", "op"],
  firstToGo: ["limits", "queue", "attempts", "timeout", "file", "resumable", "stages", "title"],
};
