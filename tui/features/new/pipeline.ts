/**
 * Name and text of the pipeline that `liveops new deploy.yaml` writes. Pure; a test checks and runs
 * the file.
 */
import { UsageError } from "../../../protocol/failures.js";
import { OP_PATTERN } from "../../../protocol/type-names.js";

/**
 * The name of the pipeline: that of the file, without its ending.
 *
 * @throws UsageError where the file's name is not that of an operation type
 */
export function newPipelineName(file: string): string {
  const name = file.replace(/\.ya?ml$/i, "");
  if (OP_PATTERN.test(name)) return name;
  throw new UsageError(
    `${JSON.stringify(file)} is not a valid name of a pipeline file; use lower-case letters, digits and dashes`,
    "liveops new deploy.yaml",
  );
}

/** @param schema - path or URL of the JSON Schema */
export function pipelineSource(name: string, file: string, schema: string): string {
  return `# yaml-language-server: $schema=${schema}
#
# Check the file:             liveops check ${file}
# Try it without the daemon:  liveops run ${file} target=/tmp/${name}
# Through the daemon:         liveops submit ${file} target=/tmp/${name} --follow

name: ${name}
description: Collect some files, then pack them # replace this with your own work

# Given as name=value. A script reads each parameter as an environment variable.
params:
  target: { type: string, required: true, description: directory to write to }
  level: { type: integer, default: 6, description: compression level }

# Variables of all stages. $name stands for a value; $$ is a dollar.
env:
  WORK: $target/work

stages:
  # A text is a script. It runs as it is written: nothing is replaced in it.
  - name: Collect
    run: |
      mkdir -p "$WORK"
      for number in 1 2 3 4 5; do
        echo "[$number/5] file $number"
        echo "content $number" > "$WORK/$number.txt"
        sleep 0.2
      done
      echo "count=5" >> "$LIVEOPS_OUTPUT"
    # Values for the stages below, which the script writes to the file $LIVEOPS_OUTPUT.
    outputs: [count]

  # A list is a program and its arguments. No shell reads it, so that no value needs quotes.
  - name: Pack
    run: [tar, -C, $WORK, -cf, $target/files.tar, .]
    timeout: 10m
    retry: { attempts: 3, backoff: 5s }

  - name: Compress
    when: test -s "$target/files.tar" # exit code 0: run the stage; 1: skip it
    run: |
      gzip -f "-$level" "$target/files.tar"
      echo "packed $count files into $target/files.tar.gz"

# Runs after success, failure and cancel. A retry does not repeat the stages that are done, so what they made is kept
# until the pipeline succeeds.
finally: test "$LIVEOPS_OUTCOME" != succeeded || rm -f "$WORK"/*.txt
`;
}
