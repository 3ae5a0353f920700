/** Lines of `POST /v1/cancel`, `/v1/retry` and `/v1/remove`: one for each operation; the last line is `end`. */
import type { Problem } from "./errors.js";
import type { Operation } from "./operation.js";

export type SelectionLine =
  | { type: "changed"; operation: Operation }
  /** The operation is as it was. `id`: as the request has it. */
  | { type: "refused"; id: string; problem: Problem }
  | { type: "end" };
