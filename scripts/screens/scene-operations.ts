/** Operation types that the scenes need besides those of the recording. */
export const SCENE_OPERATIONS: Record<string, string> = {
  "scenes.ts": `
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

const names = ["Checkout", "Install", "Lint", "Types", "Unit tests", "Fuzz", "Build", "Bundle", "Sign", "Notarize",
  "Upload", "Docs", "Links", "Screens", "Browser tests", "Load test", "Staging", "Smoke test", "Migrate", "Canary",
  "Rollout", "Warm caches", "Announce", "Clean up"];

export class Pipeline extends LiveOperation<typeof Pipeline> {
  static title = "Release train";
  static stages = names;
  static params = z.object({ branch: z.string().default("main"), slow: z.number().default(0) });
  async run(p: Progress<Pipeline>) {
    for (const [i, name] of names.entries())
      await p.stage(name, async () => {
        p.log(name.toLowerCase() + " begins");
        for (const step of p.track(Array.from({ length: 40 }, (_, n) => n), { unit: "step" }))
          await delay(i < 15 ? 3 : 3 + this.params.slow, undefined, { signal: p.signal });
      });
  }
}

export class Import extends LiveOperation<typeof Import> {
  static title = "Import customers";
  static stages = ["Download", "Parse", "Write"] as const;
  static params = z.object({ from: z.string().default("crm"), rows: z.number().default(9000) });
  async run(p: Progress<Import>) {
    await p.stage("Download", async () => {
      for (let part = 1; part <= 12; part++) {
        p.percent((part / 12) * 100);
        p.log("part " + part + " of 12, 4.1 MiB");
        await delay(100, undefined, { signal: p.signal });
      }
    });
    await p.stage("Parse", async () => {
      for (let row = 1; row <= 18; row++) {
        if (row % 6 === 0) console.error("row " + row + ": no e-mail address, skipped");
        else p.log("row " + row + " is valid");
        await delay(40, undefined, { signal: p.signal });
      }
    });
    await p.stage("Write", () => {
      const refused = new Error("connect ECONNREFUSED 10.0.4.17:5432");
      const pool = new Error("the pool has no free connection after 3 attempts", { cause: refused });
      throw new Error("customer 4711 was not written: the transaction was rolled back", { cause: pool });
    });
  }
}

export class Coloured extends LiveOperation<typeof Coloured> {
  static title = "Build the front end";
  static stages = ["Compile", "Test"] as const;
  async run(p: Progress<Coloured>) {
    const sgr = (code: string, text: string) => "\\x1b[" + code + "m" + text + "\\x1b[0m";
    await p.stage("Compile", async () => {
      for (let code = 30; code < 38; code++) console.log(sgr(String(code), "colour " + code) + " " + sgr(code + 60 + "", "bright " + (code + 60)) + " " + sgr("1;" + code, "bold") + " " + sgr("48;5;" + (code - 10) + ";38;5;15", " badge "));
      console.log(sgr("38;2;255;140;0", "24-bit orange") + ", " + sgr("7", "inverse") + ", " + sgr("2", "dim") + ", " + sgr("4", "underlined") + ", " + sgr("3", "italic"));
      console.log("  " + sgr("32", "✔") + " src/app.tsx " + sgr("90", "(1.2s)") + " see https://example.com/build/4711");
      console.log("\\ttab, then text; carriage return:\\r gone");
      console.error(sgr("41;97", " FAIL ") + " src/cart.test.ts:41:7 " + sgr("31", "expected 3, got 4"));
      console.log("a long line: " + "lorem ipsum dolor sit amet, consectetur adipiscing elit, ".repeat(6));
    });
    await p.stage("Test", async () => {
      p.status("2 tests are flaky", "warning");
      for (let i = 0; i < 6000; i++) {
        p.log(sgr("36", "watch") + " change " + i);
        await delay(1500, undefined, { signal: p.signal });
      }
    });
  }
}

export class Wide extends LiveOperation<typeof Wide> {
  static title = "顧客データの取り込み";
  static stages = ["ダウンロード", "🚀 Launch", "Überprüfung", "完了"] as const;
  static params = z.object({ 地域: z.string().default("東京都千代田区") });
  async run(p: Progress<Wide>) {
    await p.stage("ダウンロード", async () => {
      p.log("ファイルを 3 個ダウンロードしました 📦");
      p.log("👩‍👩‍👧‍👦 family, 🇩🇪 flag, 👍🏽 skin tone, ❤️ heart, é combining");
      p.log("العربية עברית 한국어 中文测试一下很长的一行，看看会不会在边框处换行，或者把边框推到外面去，这里还有更多的文字需要显示出来");
      await delay(400);
    });
    await p.stage("🚀 Launch", async () => {
      p.status("進行中 🚀 しばらくお待ちください", "info");
      for (const step of p.track(Array.from({ length: 400 }, (_, n) => n), { label: "行", unit: "件" })) {
        if (step % 5 === 0) p.log("行 " + step + " を処理しました ✅");
        await delay(250, undefined, { signal: p.signal });
      }
    });
  }
}

export class Lines extends LiveOperation<typeof Lines> {
  static title = "Index the archive";
  static stages = ["Scan", "Merge"] as const;
  static params = z.object({ lines: z.number().default(1000000) });
  async run(p: Progress<Lines>) {
    await p.stage("Scan", () => {
      for (const n of p.track(Array.from({ length: this.params.lines }, (_, i) => i), { unit: "file" }))
        p.log("indexed /archive/" + (n % 97) + "/" + n + ".pdf");
    });
    await p.stage("Merge", () => delay(600000, undefined, { signal: p.signal }));
  }
}

export class Sleep extends LiveOperation<typeof Sleep> {
  static title = "Resize pictures";
  static stages = ["Resize"] as const;
  static params = z.object({ album: z.number().default(1) });
  async run(p: Progress<Sleep>) {
    await p.stage("Resize", async () => {
      for (const picture of p.track(Array.from({ length: 4000 }, (_, n) => n), { unit: "picture" })) {
        if (picture % 20 === 0) p.log("picture " + picture + " of album " + this.params.album);
        await delay(50, undefined, { signal: p.signal });
      }
    });
  }
}
`,
};
