/** `creates`: the command of a stage or step does not run where the file that it makes is there. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { PipelineTask, Template } from "../../pipeline/definition.js";
import type { FeatureRun, PipelineFeature, RunningFeature, TaskGuard } from "../../pipeline/feature.js";
import { type CommandContext, directoryOf, type TaskPlace } from "../../pipeline/run/command.js";
import { fill } from "../../pipeline/template.js";

class CreatedFile {
  constructor(readonly path: Template) {}

  static of({ rules }: PipelineTask): CreatedFile | undefined {
    return rules.find((rule) => rule instanceof CreatedFile);
  }
}

export const CREATES: PipelineFeature = {
  read(section, scope) {
    const path = section.get("creates")?.template(scope, "path") ?? null;
    return path === null ? null : new CreatedFile(path);
  },
  checkSteps: () => {},
  start: async (run) => new CreatedFiles(run),
};

class CreatedFiles implements RunningFeature {
  constructor(private readonly run: FeatureRun) {}

  hasRule(task: PipelineTask): boolean {
    return CreatedFile.of(task) !== undefined;
  }

  guard({ variables, file }: CommandContext, task: PipelineTask, { values }: TaskPlace): TaskGuard {
    const { scope } = variables.of(task, {}, values);
    const filled = (template: Template) => fill(template, scope);
    const path = filled(CreatedFile.of(task)?.path ?? []);
    const whole = resolve(directoryOf(file, task.cwd, filled), path);
    return {
      look: async () => {
        if (!this.run.isForced && existsSync(whole))
          return { isUpToDate: true, reason: `${path} is there`, saved: 0, outputs: {} };
        return { isUpToDate: false, why: `it makes ${path}`, hasChanged: false };
      },
      begins: () => {},
      ended: async () => {},
    };
  }

  orderOfSteps(_context: CommandContext, _stage: string, steps: readonly unknown[]): number[][] {
    return steps.map(() => []);
  }

  end(): void {}
}
