export interface InlineRun {
  op: string;
  params: Record<string, unknown> | undefined;
  set: string[];
  label: string | null;
  json: boolean;
  opsDirs: string[];
}
export async function runHere(_run: InlineRun): Promise<number> {
  throw new Error("not yet");
}
