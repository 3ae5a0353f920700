/**
 * Prints a last line, `N passed, N failed`, that scripts can read, and before it the programs that
 * tests missed. Of a run that was interrupted it prints what failed until then.
 */
import type { Reporter, TestModule, Vitest } from "vitest/node";
import { isMissing, packagesOf, programs } from "./programs.js";

const missing = programs.filter(isMissing);

const print = (text: string) => process.stdout.write(text);

export default class Tally implements Reporter {
  #isRunning = false;

  onInit({ state }: Vitest): void {
    process.once("exit", () => {
      if (this.#isRunning) this.#interrupted(state.getTestModules());
    });
  }

  onTestRunStart(): void {
    this.#isRunning = true;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#isRunning = false;
    this.#summary(modules, unhandledErrors.length);
  }

  #interrupted(modules: readonly TestModule[]): void {
    print("\nThe run was interrupted.\n");
    for (const module of modules)
      for (const test of module.children.allTests("failed")) {
        const message = test.result().errors?.[0]?.message ?? "";
        print(`failed: ${module.relativeModuleId} > ${test.fullName}: ${message}\n`);
      }
    this.#summary(modules, 0);
  }

  #summary(modules: readonly TestModule[], errors: number): void {
    let passed = 0;
    let failed = errors;
    let skipped = 0;
    let without = 0;
    const missed = new Set<string>();
    for (const module of modules) {
      // Errors of imports and of beforeAll and afterAll belong to no test.
      for (const suite of [module, ...module.children.allSuites()])
        if (suite.errors().length > 0) failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed++;
        else if (state === "failed") failed++;
        else if (state === "skipped") skipped++;
        const lacks =
          state === "skipped" ? missing.filter((program) => test.tags.includes(program)) : [];
        if (lacks.length > 0) without++;
        for (const program of lacks) missed.add(program);
      }
    }
    if (without > 0) {
      const names = programs.filter((program) => missed.has(program));
      const where = `not found: ${names.join(", ")} (apt-get install ${packagesOf(names).join(" ")})`;
      const inCi = process.env.CI === "true";
      print(`\n${inCi ? "failed" : "skipped"} ${tests(without)}: ${where}\n`);
      if (inCi) {
        failed += without;
        skipped -= without;
        process.exitCode = 1;
      }
    }
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    print(`\n${passed} passed, ${failed} failed${tail}\n`);
  }
}

const tests = (count: number) => `${count} test${count === 1 ? "" : "s"}`;
