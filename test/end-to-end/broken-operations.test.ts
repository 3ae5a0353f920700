/** Files of operations that do not load, whatever they do instead: each is told, and hides no other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });

const HELLO = `import { LiveOperation, type Progress } from "liveops";
export class Hello extends LiveOperation {
  static stages = ["Greet"];
  async run(p: Progress) {
    await p.stage("Greet", () => p.log("hello"));
  }
}
`;

/** A file that never yields is waited for, by design, for 20 seconds. */
const SLOW = 60_000;

test("each is reported with its error, and hides no other", { timeout: SLOW }, async () => {
  world.write("config/liveops/ops/hello.ts", HELLO);
  world.write("config/liveops/ops/broken.ts", "this is not (TypeScript");
  world.write("config/liveops/ops/throws.ts", 'throw new Error("thrown on load");');
  world.write("config/liveops/ops/missing.ts", 'import "./nowhere.ts";');
  world.write("config/liveops/ops/exits.ts", "process.exit(4);");
  const tried = join(world.dir, "tried");
  const says = (name: string) =>
    `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(tried)}, "${name}\\n");`;
  world.write("config/liveops/ops/hangs.ts", `${says("hangs")} for (;;);`);
  world.write(
    "config/liveops/ops/waits.ts",
    `${says("waits")} await new Promise(() => setInterval(() => {}, 1000));`,
  );
  world.write(
    "config/liveops/ops/twice.ts",
    HELLO.replaceAll("Hello", "Twice").replace('["Greet"]', '["Greet", "Greet"]'),
  );
  world.write("config/liveops/ops/hello.test.ts", "throw new Error('a test is no operation');");
  world.write("config/liveops/ops/_private.ts", "throw new Error('private');");
  world.write("config/liveops/ops/types.d.ts", "export {};");
  await world.startDaemon();
  const { code, stdout, stderr } = await world.liveops(["ops"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^hello/m);
  const told = stderr.split("\n").filter((line) => line.includes("does not load"));
  const of = (name: string) =>
    told.find((line) => line.includes(`${name}.ts does not load`)) ?? `nothing of ${name}`;
  expect(of("throws")).toContain("thrown on load");
  expect(of("missing")).toContain("nowhere.ts");
  expect(of("exits")).toMatch(/exit/);
  expect(of("hangs")).toMatch(/did not|hang|longer|seconds|time/);
  expect(of("waits")).toMatch(/did not|hang|longer|seconds|time|never/);
  expect(of("twice")).toContain("Greet");
  expect(of("broken")).not.toContain("nothing of");
  expect(told).toHaveLength(7);
  // What hangs is known by now: an edit of another file does not have it tried again, an edit of its own does.
  world.write("config/liveops/ops/more.ts", HELLO.replaceAll("Hello", "More"));
  const again = await world.liveops(["ops"]);
  expect(again.stdout).toMatch(/^more/m);
  expect(again.stderr.split("\n").filter((line) => line.includes("does not load"))).toHaveLength(7);
  expect(again.stderr).toMatch(/hangs\.ts does not load: .*edit the file, and liveopsd tries it again/);
  expect(readFileSync(tried, "utf8")).toBe("hangs\nwaits\n");
  world.write("config/liveops/ops/hangs.ts", HELLO.replaceAll("Hello", "Mended"));
  expect((await world.liveops(["ops"])).stdout).toMatch(/^mended/m);
  const ended = await world.liveops(["submit", "hello", "--follow"]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "=== [1/1] Greet ===\nhello\n" });
});

test("code that ends the loader over parameters is a fault of its file, not of the parameters", async () => {
  world.write(
    "config/liveops/ops/ends.ts",
    `import { LiveOperation, z } from "liveops";
export class Ends extends LiveOperation<typeof Ends> {
  static stages = [] as const;
  static params = z.object({ now: z.boolean().transform((now) => (now ? process.exit(9) : now)) });
  async run() {}
}
`,
  );
  await world.startDaemon();
  const ended = await world.liveops(["submit", "ends", "now=true"]);
  expect(ended.code).toBe(70);
  expect(ended.stderr).toMatch(
    /An operation file failed: the parameters of ends could not be read: .*exit code 9/,
  );
  // The next one asks another loader.
  expect((await world.liveops(["submit", "ends", "now=false", "--wait"])).code).toBe(0);
});
