/** Prints a last line, `N passed, N failed`, that scripts can read, and before it the programs that tests missed. */
import type { Reporter, TestModule } from "vitest/node";
import { isMissing, packagesOf, programs } from "./programs.js";

const missing = programs.filter(isMissing);

export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    let without = 0;
    const missed = new Set<string>();
    for (const module of modules) {
      // Errors of imports and of beforeAll and afterAll belong to no test.
      for (const suite of [module, ...module.children.allSuites()]) if (suite.errors().length > 0) failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed++;
        else if (state === "failed") failed++;
        else skipped++;
        const lacks = state === "skipped" ? missing.filter((program) => test.tags.includes(program)) : [];
        if (lacks.length > 0) without++;
        for (const program of lacks) missed.add(program);
      }
    }
    if (without > 0) {
      const names = programs.filter((program) => missed.has(program));
      const where = `not found: ${names.join(", ")} (apt-get install ${packagesOf(names).join(" ")})`;
      const inCi = process.env.CI === "true";
      process.stdout.write(`\n${inCi ? "failed" : "skipped"} ${tests(without)}: ${where}\n`);
      if (inCi) {
        failed += without;
        skipped -= without;
        process.exitCode = 1;
      }
    }
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    process.stdout.write(`\n${passed} passed, ${failed} failed${tail}\n`);
  }
}

const tests = (count: number) => `${count} test${count === 1 ? "" : "s"}`;
