import { availableParallelism } from "node:os";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { isMissing, programs } from "./harness/programs.js";
import { daemon, SMOKE, unit } from "./harness/projects.js";

type Test = NonNullable<TestProjectInlineConfiguration["test"]>;

/** Tests of processes wait for about a third of their time. */
const maxWorkers = Math.ceil(availableParallelism() * 1.5);

/** The projects differ in which files they run and how; a project that isolates gives each file a process. */
const project = (name: string, test: Test): TestProjectInlineConfiguration => ({
  resolve: {
    alias: {
      liveops: new URL("../ops/sdk/index.ts", import.meta.url).pathname,
      // For openapi-typescript: TypeScript 7 has no JavaScript API that makes source text.
      typescript: "typescript-5.5",
    },
  },
  test: {
    name,
    root: new URL("..", import.meta.url).pathname,
    // The second one: the tests run its ES module, which the build bundles.
    server: { deps: { inline: ["openapi-typescript", "jsonc-parser"] } },
    tags: programs.map((tag) => ({ name: tag, ...(isMissing(tag) && { skip: true }) })),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "forks",
    maxWorkers,
    ...test,
  },
});

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    globalSetup: ["./test/harness/build.ts", "./test/harness/environment.ts"],
    reporters: ["default", "./test/harness/tally.ts"],
    projects: [
      project("unit", {
        include: unit,
        pool: "threads",
        isolate: false,
        setupFiles: ["./test/harness/unit.ts"],
      }),
      project("daemon", { include: daemon }),
      project("end-to-end", { include: ["test/end-to-end/**/*.test.ts"], isolate: false }),
      project("smoke", { include: SMOKE }),
      project("faults", { include: ["test/faults/**/*.test.ts"], exclude: SMOKE }),
    ],
  },
});
