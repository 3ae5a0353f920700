/** `loadPipeline`: a pipeline file as an operation type, for `runOperation`. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { typeOfFile } from "../../../ops/pipeline/type.js";
import type { OperationClass } from "../../../ops/sdk/live-operation.js";

/**
 * Reads a pipeline file.
 *
 * ```ts
 * const Deploy = await loadPipeline(new URL("deploy.yaml", import.meta.url));
 * const run = await runOperation(Deploy, { target: "/tmp/deploy" });
 * ```
 *
 * @param file - a path, from the working directory, or a URL
 * @returns its operation type; the parameters of a run are checked when it begins
 * @throws Error with every problem of the file and its place; the error of the system
 */
export async function loadPipeline(file: string | URL): Promise<OperationClass> {
  const path =
    typeof file === "string" && !file.startsWith("file:") ? resolve(file) : fileURLToPath(file);
  return (await typeOfFile(path)) as unknown as OperationClass;
}
