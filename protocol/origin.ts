/** The directory that an operation was submitted from, and those below it. */
import type { Operation } from "./operation.js";

type Origin = Pick<Operation, "submittedFrom" | "cwd">;

export const directoryOf = ({ submittedFrom, cwd }: Origin): string => submittedFrom ?? cwd;

/** What the paths in a directory begin with. */
export const beginOf = (directory: string): string =>
  directory.endsWith("/") ? directory : `${directory}/`;

/** Whether it was submitted in the directory or below. */
export function isSubmittedIn(operation: Origin, directory: string): boolean {
  return beginOf(directoryOf(operation)).startsWith(beginOf(directory));
}
