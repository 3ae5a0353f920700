/**
 * What a file of this folder exports: submit options whose values the table of submit fields does
 * not read.
 */
import type { Command } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import type { AgainBody, EditBody, SubmitBody } from "../../../protocol/requests.js";
import type { Form } from "../../../protocol/submit-field.js";

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
   * The fields of the request. Absent: the commands read the flags.
   *
   * @throws UsageError for a wrong value
   */
  fields?: (given: Given, context: Context) => Fields | Promise<Fields>;
}
