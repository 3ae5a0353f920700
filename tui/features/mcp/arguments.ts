/** Arguments and names that several tools share. */
import * as z from "zod";

export const id = z
  .string()
  .min(1)
  .describe("Operation id, a unique prefix of 3 or more characters, or a label");

export const stage = z.string().optional().describe("Only lines of this stage");

export const step = z.string().optional().describe("Only lines of this step of a stage");

export const stream = z
  .enum(["log", "stdout", "stderr", "liveops"])
  .optional()
  .describe("Only lines of this stream; liveops: messages of liveops itself");

export const lineNumber = z.int().min(0);

/** The tool that waits, which other tools name. */
export const WAIT = "wait_for_operation";
