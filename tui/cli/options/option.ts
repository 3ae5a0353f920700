/** What every file of this folder exports: the flags of one group of submit options, and what they add to the request. */
import type { Command } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import type { AgainBody, EditBody, SubmitBody } from "../../../protocol/requests.js";

/** The commands that have submit options. */
export type Form = "submit" | "run" | "schedule" | "again" | "edit";

/** The request of each command. `liveops run` sends none. */
export interface Bodies {
  submit: SubmitBody;
  schedule: SubmitBody;
  again: AgainBody;
  edit: EditBody;
}

/** A field of any of the requests. */
export type Fields = Partial<SubmitBody> | Partial<AgainBody> | Partial<EditBody>;

export interface Context {
  form: keyof Bodies;
  client: Pick<Client, "socket" | "now" | "daemon">;
  /** `env.allow` of the config file. */
  allow?: readonly string[] | undefined;
}

export interface SubmitOption<Given> {
  /** Adds the flags that the command has. */
  add(command: Command, form: Form): void;
  /**
   * The fields of the request.
   *
   * @throws UsageError for a wrong value
   */
  fields: (given: Given, context: Context) => Fields | Promise<Fields>;
}

/** Collects the values of a flag that may be repeated, or has a list separated by commas. */
export function listed(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(",").filter(Boolean)];
}
