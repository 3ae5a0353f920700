/** What was typed after `liveops submit`, however it was read. */
import type { GlobalOptions } from "../../../protocol/command/daemon-address.js";

export interface SubmitOptions extends GlobalOptions {
  params?: string;
  label?: string;
  memoryMax?: string;
  cpuMax?: string;
  pidsMax?: string;
  wait?: boolean;
  follow?: boolean;
  json?: boolean;
}

export interface SubmitWords {
  op: string;
  set: string[];
  /** What followed `--`; undefined where there was none. */
  trailing: string[] | undefined;
  options: SubmitOptions;
}
