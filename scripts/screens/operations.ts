/**
 * The operations of the recording: a chain of three, one with many stages, one that fails with a
 * cause.
 */
export const OPERATIONS: Record<string, string> = {
  "nightly.ts": `
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

async function count(p: Progress, total: number, ms: number, unit: string, say: (n: number) => string) {
  const steps = Array.from({ length: total }, (_, i) => i + 1);
  for (const step of p.track(steps, { unit })) {
    await delay(ms, undefined, { signal: p.signal });
    if (step % 10 === 0) p.log(say(step));
  }
}
const params = z.object({ table: z.string().default("orders"), rows: z.number().default(600) });

export class Load extends LiveOperation<typeof Load> {
  static stages = ["Copy", "Index"] as const;
  static params = params;
  async run(p: Progress<Load>) {
    await p.stage("Copy", () => count(p, 30, 45, "rows", (n) => "copied " + n * 20 + " rows"));
    await p.stage("Index", () => count(p, 20, 40, "keys", (n) => "indexed " + n + " keys"));
    p.result({ table: this.params.table, rows: this.params.rows });
  }
}

export class Transform extends LiveOperation<typeof Transform> {
  static stages = ["Read", "Dedupe", "Enrich", "Write"] as const;
  static params = params;
  async run(p: Progress<Transform>) {
    await p.stage("Read", () => count(p, 40, 40, "rows", (n) => "read " + n * 15 + " rows"));
    await p.stage("Dedupe", async () => {
      await count(p, 50, 40, "rows", (n) => "\\x1b[36mdedupe\\x1b[0m " + n * 2 + "%");
      console.error("duplicate key 83121, kept the newest");
    });
    await p.stage("Enrich", () => count(p, 40, 40, "rows", (n) => "enriched " + n * 15 + " rows"));
    await p.stage("Write", () => count(p, 40, 40, "rows", (n) => "wrote " + n * 15 + " rows"));
    p.chainTo(Load, this.params);
  }
}

export class Extract extends LiveOperation<typeof Extract> {
  static stages = ["Connect", "Read"] as const;
  static params = params;
  async run(p: Progress<Extract>) {
    await p.stage("Connect", () => delay(300, undefined, { signal: p.signal }));
    await p.stage("Read", () => count(p, 60, 70, "rows", (n) => "batch " + n / 10 + ": 100 rows copied"));
    p.chainTo(Transform, this.params);
  }
}
`,
  "release.ts": `
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

export class Release extends LiveOperation<typeof Release> {
  static stages = ["Install", "Lint", "Types", "Test", "Bundle", "Sign", "Upload"] as const;
  static params = z.object({ version: z.string().default("4.2.0") });
  async run(p: Progress<Release>) {
    for (const stage of Release.stages)
      await p.stage(stage, async () => {
        for (const step of p.track(Array.from({ length: 24 }, (_, i) => i), { unit: "step" })) {
          await delay(80, undefined, { signal: p.signal });
          if (step % 8 === 0) p.log(stage.toLowerCase() + " " + (step + 1));
        }
      });
  }
}
`,
  "deploy.ts": `
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

export class Deploy extends LiveOperation<typeof Deploy> {
  static stages = ["Build", "Push", "Switch"] as const;
  static params = z.object({ target: z.string().default("prod"), fails: z.boolean().default(true) });
  async run(p: Progress<Deploy>) {
    await p.stage("Build", () => delay(300, undefined, { signal: p.signal }));
    await p.stage("Push", async () => {
      p.log("pushing 3 images to registry.example");
      await delay(300, undefined, { signal: p.signal });
      if (this.params.fails)
        throw new Error("certificate expired", {
          cause: new Error("TLS handshake with registry.example failed"),
        });
    });
    await p.stage("Switch", () => delay(300, undefined, { signal: p.signal }));
  }
}
`,
  "samples.ts": `
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

export class Hertz extends LiveOperation<typeof Hertz> {
  static title = "Ten hertz";
  static stages = ["Run"] as const;
  static params = z.object({ seconds: z.number().default(90) });
  async run(p: Progress<Hertz>) {
    await p.stage("Run", async () => {
      for (const beat of p.track(Array.from({ length: this.params.seconds * 10 }, (_, i) => i), { unit: "beat" })) {
        await delay(100, undefined, { signal: p.signal });
        if (beat % 10 === 0) p.log("beat " + beat);
      }
    });
  }
}

export class Silent extends LiveOperation<typeof Silent> {
  static stages = ["Think", "Write"] as const;
  static params = z.object({ ms: z.number().default(1000) });
  async run(p: Progress<Silent>) {
    await p.stage("Think", () => delay(this.params.ms, undefined, { signal: p.signal }));
    await p.stage("Write", () => delay(300, undefined, { signal: p.signal }));
  }
}
`,
};
