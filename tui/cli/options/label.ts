/** `--label` and `--if-absent`. */
import { Option } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import { MAX_LABEL } from "../../../protocol/limits.js";
import type { SubmitOption } from "./option.js";

interface LabelOptions {
  label?: string;
  ifAbsent?: string;
}

const TEXTS = {
  submit: "Label shown in lists",
  schedule: "Label shown in lists",
  run: "Label of the operation",
  again: "Label shown in lists (default: that of the operation)",
  edit: 'Label shown in lists; "" removes the label',
};

export const LABEL: SubmitOption<LabelOptions> = {
  add(command, form) {
    command.option("--label <text>", TEXTS[form]);
    if (form === "submit")
      command.addOption(
        new Option(
          "--if-absent <label>",
          "Submit with this label, unless an operation with the label is queued or running: then print its id",
        ).conflicts("label"),
      );
  },
  fields({ label: text, ifAbsent }, { form }) {
    const label = givenLabel(text ?? ifAbsent);
    if (label === undefined) return {};
    if (form === "edit") return { label: label === "" ? null : label };
    return { label, ...(ifAbsent !== undefined && { ifAbsent: true as const }) };
  },
};

/** @throws UsageError where the label is longer than MAX_LABEL */
export function givenLabel(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= MAX_LABEL) return text;
  throw new UsageError(`--label has ${text.length} characters; the limit is ${MAX_LABEL}`);
}
