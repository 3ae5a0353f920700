/**
 * Values of secret parameters that the submitter handed over for the attempt of this process. They
 * reach the worker with its order, and are never written to a file of the state directory.
 */

let handed: Readonly<Record<string, string>> = {};

/**
 * @param values - by reference
 * @returns call at the end of the attempt
 */
export function handSecrets(values: Readonly<Record<string, string>>): () => void {
  handed = values;
  return () => {
    handed = {};
  };
}

/** @param reference - as the parameter has it, such as `env:TOKEN` */
export function handedSecret(reference: string): string | undefined {
  return Object.hasOwn(handed, reference) ? handed[reference] : undefined;
}
