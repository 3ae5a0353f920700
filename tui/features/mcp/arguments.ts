/** Arguments and names that several tools share. */
import * as z from "zod";

export const id = z.string().min(1).describe("Id, unique prefix or label");

export const label = z.string().max(200).optional();

/** Without the largest number, which the schema would name. */
export const lineNumber = z.number().int().min(0).max(1e9);

/** The tool that waits, which other tools name. */
export const WAIT = "wait_for_operation";
