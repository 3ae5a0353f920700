/** The mark of the directory of an attempt that another host ran. */
import { lstatSync } from "node:fs";
import { join } from "node:path";

/**
 * Empty. Marks the directory of an attempt that another host ran: its events are a copy of what the
 * fleet holds.
 */
export const otherHostMark = (dir: string) => join(dir, "other-host");
/** Whether another host ran the attempt of the directory; false if there is no directory. */
export const isOfOtherHost = (dir: string) =>
  lstatSync(otherHostMark(dir), { throwIfNoEntry: false }) !== undefined;
