/** Runs programs with `p.exec`, as an operation that builds something does. */
import { ExecError, LiveOperation, type Progress, z } from "liveops";

export class Builds extends LiveOperation<typeof Builds> {
  static stages = ["Build", "Test"] as const;
  static params = z.object({ script: z.string(), check: z.boolean().default(true) });

  async run(p: Progress<Builds>) {
    const { script, check } = this.params;
    const { stdout } = await p.exec("uname", ["-s"], { capture: true });
    const built = await p.stage("Build", () => p.exec("sh", ["-c", script], { check }));
    await p.stage("Test", async () => {
      const ended = await Promise.allSettled([p.exec("true"), p.exec("false")]);
      const failed = ended.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
      if (!(failed[0] instanceof ExecError)) throw new Error("not the class that liveops exports");
    });
    p.result({ exitCode: built.exitCode, system: stdout.trim() });
  }
}
