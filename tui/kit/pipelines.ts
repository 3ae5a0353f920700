/**
 * Pipeline files for the dashboard and completion. A separate bundle reads them, which has the YAML
 * library.
 */
import type { KeptText } from "../../protocol/pipeline/kept-text.js";
import type { OperationType, TypesReply } from "../../protocol/replies.js";

/** Entry of the bundle: `tui/cli/run/pipeline-file.ts`. */
const BUNDLE: string = "./pipeline-file.js";

interface PipelineBundle {
  typeOf(typed: string, path: string): Promise<OperationType>;
  typeOfText(kept: KeptText): Promise<OperationType>;
  submitOf(
    typed: string,
    path: string,
    given: {
      params: Record<string, unknown> | undefined;
      words: string[];
      shell: NodeJS.ProcessEnv;
    },
  ): Promise<{ op: "pipeline"; params: Record<string, unknown> }>;
  pipelinesIn(directory: string): Promise<Pick<TypesReply, "ops" | "errors">>;
}

/**
 * @throws UsageError where a file is no pipeline; Refusal where it does not accept the parameters
 */
export async function inPipelines<T>(ask: (bundle: PipelineBundle) => Promise<T>): Promise<T> {
  return ask((await import(BUNDLE)) as PipelineBundle);
}

/**
 * Whether the word names a pipeline file. The name of an operation type has no dot and no slash.
 */
export function isPipelineFile(word: string): boolean {
  return word.includes("/") || /\.ya?ml$/i.test(word);
}
