import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { liveops: new URL("../ops/api/index.ts", import.meta.url).pathname } },
  test: {
    root: new URL("..", import.meta.url).pathname,
    globalSetup: ["./test/harness/build.ts"],
    include: ["test/**/*.test.{ts,tsx}"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "./test/harness/tally.ts"],
  },
});
