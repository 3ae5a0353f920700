/** Sends what was typed to the daemon, with the caller's directory, environment and a key for sending it again. */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import { currentDirectory } from "../current-directory.js";
import { givenLabel } from "../given-label.js";
import { givenParams } from "../given-params.js";
import { withTrailing } from "../trailing.js";
import { capturedEnv } from "./captured-env.js";
import { newKey } from "./idempotency-key.js";
import type { SubmitWords } from "./words.js";

export function post(client: Client, { op, set, trailing, options }: SubmitWords): Promise<Operation> {
  const params = givenParams(options.params);
  const label = givenLabel(options.label);
  return client.submit(
    {
      op,
      ...(params && { params }),
      set: withTrailing(set, trailing),
      ...(label !== undefined && { label }),
      cwd: currentDirectory("submit"),
      env: capturedEnv(),
    },
    newKey(),
  );
}
