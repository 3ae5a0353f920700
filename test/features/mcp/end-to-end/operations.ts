/** Operation types of the tests of `liveops mcp`. */

const IMPORTS = `import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";
`;

export const OPS = {
  // Logs lines with colours and invisible letters, waits for a file, and hands over to `second`.
  "first.js": `${IMPORTS}
export class First extends LiveOperation {
  static title = "First step";
  static stages = ["Load", "Hold", "Save"];
  static params = z.object({ gate: z.string().describe("file to wait for"), rows: z.number().default(5) });
  async run(p) {
    await p.stage("Load", () => {
      p.status("loading \\x1b[31mred\\u202e");
      for (let i = 1; i <= this.params.rows; i++) p.log(\`row \${i}\`);
      p.log("\\x1b[31mError:\\x1b[0m disk \\u202efull\\u{e0041}");
    });
    await p.stage("Hold", async () => {
      while (!existsSync(this.params.gate)) await delay(10, undefined, { signal: p.signal });
    });
    await p.stage("Save", () => {});
    p.chainTo("second", {});
  }
}
`,
  "second.js": `${IMPORTS}
export class Second extends LiveOperation {
  static stages = ["Finish"];
  async run(p) {
    await p.stage("Finish", () => p.result({ big: "x".repeat(20_000), small: "\\x1b[32mok\\x1b[0m" }));
  }
}
`,
  "fails.js": `${IMPORTS}
export class Fails extends LiveOperation {
  static stages = ["Check"];
  static params = z.object({ file: z.string() });
  async run(p) {
    await p.stage("Check", () => {
      if (!existsSync(this.params.file)) throw new Error("no file");
    });
  }
}
`,
};
