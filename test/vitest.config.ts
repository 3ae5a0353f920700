import { defineConfig } from "vitest/config";
import { isMissing, programs } from "./harness/programs.js";

export default defineConfig({
  resolve: {
    alias: {
      liveops: new URL("../ops/sdk/index.ts", import.meta.url).pathname,
      // For openapi-typescript: TypeScript 7 has no JavaScript API that makes source text.
      typescript: "typescript-5.5",
    },
  },
  test: {
    // The second one: the tests run its ES module, which the build bundles.
    server: { deps: { inline: ["openapi-typescript", "jsonc-parser"] } },
    root: new URL("..", import.meta.url).pathname,
    globalSetup: ["./test/harness/build.ts", "./test/harness/environment.ts"],
    tags: programs.map((name) => ({ name, ...(isMissing(name) && { skip: true }) })),
    include: ["test/**/*.test.{ts,tsx}"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "./test/harness/tally.ts"],
  },
});
