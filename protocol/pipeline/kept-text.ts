/** The text of a pipeline that is kept with an operation. */

export interface KeptText {
  text: string;
  /** Null: the text came from stdin. */
  path: string | null;
  /** The texts of the files that it names, by absolute path. Absent: it names none. */
  files?: Readonly<Record<string, string>> | undefined;
}

/** The text in the parameters of the shipped type `pipeline`; null: there is none. */
export function keptTextIn({
  text,
  path,
  files,
}: Readonly<Record<string, unknown>>): KeptText | null {
  if (typeof text !== "string") return null;
  return {
    text,
    path: typeof path === "string" ? path : null,
    // The type has checked it.
    ...(files !== undefined && { files: files as Record<string, string> }),
  };
}
