/** The refusal of a submit that lacks what its type takes from the shell. */
import type { FromShell } from "../../ops/types/pipeline-facts.js";
import { Refusal } from "../../protocol/errors.js";

/** @param isScheduled - a schedule has no shell that could give them */
export function missingVariables({ variables, secrets }: FromShell, isScheduled: boolean): Refusal {
  const problems = [
    ...variables.map(
      (name) =>
        `the pipeline takes the variable ${name} from the shell of the submit (env_from), and it is not set; set and export it, or give --env ${name}=VALUE`,
    ),
    ...Object.entries(secrets).map(([name, source]) => whyNoSecret(name, source, isScheduled)),
  ];
  const sources = isScheduled ? [] : Object.values(secrets);
  return new Refusal("LIVEOPS_VARIABLE_MISSING", problems.join("\n"), {
    ...(variables.length > 0 && { variables: [...variables] }),
    ...(sources.length > 0 && { secrets: sources }),
  });
}

function whyNoSecret(name: string, source: string, isScheduled: boolean): string {
  const [, variable] = /^env:(.*)$/s.exec(source) ?? [];
  if (variable === undefined) {
    const why = isScheduled ? "a schedule has no terminal" : "the submit has no value";
    return `the secret ${name} is typed at the submit, and ${why}; give ${name}=file:PATH or ${name}=env:NAME`;
  }
  if (!isScheduled)
    return `the secret ${name} is the variable ${variable} of the shell of the submit, and it is not set; set and export it, or give ${name}=file:PATH`;
  return (
    `the secret ${name} is the variable ${variable}; a schedule has no shell, and the daemon has no such variable; ` +
    `give ${name}=file:PATH, or set it for the daemon: ${variable}=… liveopsd restart, for a service in its unit`
  );
}
