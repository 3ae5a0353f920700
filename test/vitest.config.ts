import { availableParallelism } from "node:os";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { FULL } from "./faults/mode.js";
import { isMissing, programs } from "./harness/programs.js";
import { ALONE, LONGEST, OWN_PROCESS, PROJECTS } from "./harness/projects.js";

type Test = NonNullable<TestProjectInlineConfiguration["test"]>;

/** Tests of processes wait for a part of their time; complete faults leave no time. */
const maxWorkers = Math.ceil(availableParallelism() * (FULL ? 1 : 1.5));

const SETUP = ["./test/harness/unchanged.ts", "./test/harness/laws.ts"];

/** Starts the longest faults first, so that none of them runs alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((file) => moduleId.endsWith(file));
      return at === -1 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/**
 * The projects differ in which files they run and how; a project that isolates gives each file a
 * process.
 */
const project = (name: string, test: Test): TestProjectInlineConfiguration => ({
  resolve: {
    alias: {
      liveops: new URL("../ops/sdk/index.ts", import.meta.url).pathname,
    },
  },
  test: {
    name,
    root: new URL("..", import.meta.url).pathname,
    // The tests run its ES module, which the build bundles.
    server: { deps: { inline: ["jsonc-parser"] } },
    tags: programs.map((tag) => ({ name: tag, ...(isMissing(tag) && { skip: true }) })),
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // In a thread, Node closes at its end what a socket of a program has closed already, and so the
    // files of others.
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
    ...(FULL && { sequence: { sequencer: LongestFirst } }),
    projects: [
      ...Object.entries(PROJECTS).map(([name, include]) =>
        project(name, { include, isolate: OWN_PROCESS.includes(name), setupFiles: SETUP }),
      ),
      project("faults", {
        include: ["test/faults/**/*.test.ts"],
        exclude: [...PROJECTS.smoke, ...PROJECTS["long-smoke"], ...ALONE],
      }),
      project("faults-alone", { include: ALONE, maxWorkers: 1 }),
    ],
  },
});
