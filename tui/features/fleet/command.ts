/** `liveops fleet migrate`: creates the schema of a fleet in its database, or leads it to this version. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Migration } from "../../../daemon/features/fleet/migrate.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { UsageError } from "../../../protocol/failures.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { addCommand, addDaemonCommand, allOptions, type GlobalOptions, reportTo } from "../../kit/options.js";
import { say } from "../../kit/report.js";
import { urlWithoutPassword } from "./fleet-client.js";

export function registerFleet(root: Command): void {
  const fleet = addDaemonCommand(
    root,
    "fleet",
    "Prepare the PostgreSQL database of several machines",
    ["liveops fleet migrate --url postgres://owner@db.example.com/ops?sslmode=verify-full"],
    "none",
  );
  // Options after the name of a subcommand belong to the subcommand.
  fleet.enablePositionalOptions();
  const command = addCommand(fleet, "migrate", "Create or upgrade the schema liveops; safe to repeat", [
    "liveops fleet migrate --url postgres:///ops?host=/run/postgresql",
    "liveops fleet migrate --url postgres://owner@db.example.com/ops?sslmode=verify-full --password-file ~/.ops-password",
  ]);
  command
    .requiredOption("--url <url>", "Address of the database", urlWithoutPassword("--url"))
    .option("--password-file <file>", "File with the password, readable by you alone")
    .action(async () => {
      const { url, passwordFile } = allOptions<GlobalOptions & { url: string; passwordFile?: string }>(
        command,
      );
      // Loaded here: the other commands need neither the schema nor the driver.
      const [{ migrate }, errors] = await Promise.all([
        import("../../../daemon/features/fleet/migrate.js"),
        import("../../../daemon/features/fleet/engine/errors.js"),
      ]);
      try {
        const text = describe(
          await migrate({ url, ...(passwordFile && { passwordFile: resolve(passwordFile) }) }),
        );
        process.stdout.write(sanitize(text, { newlines: true }));
      } catch (error) {
        if (error instanceof errors.FleetError) throw new UsageError(error.message);
        if (!(error instanceof errors.EngineAwayError)) throw error;
        say(reportTo(root), error.message);
        process.exitCode = EXIT.failed;
      }
    });
}

const DONE = {
  created: "created the schema liveops",
  changed: "upgraded the schema liveops",
  unchanged: "the schema liveops is up to date",
};

function describe({ engine, done, format, revision, todo }: Migration): string {
  const lines = [`${DONE[done]} (format ${format}.${revision}) in ${engine}`];
  if (todo.length > 0)
    lines.push(
      `the roles of the fleet are missing: an administrator runs: ${todo.join("; ")}; then run liveops fleet migrate again`,
    );
  return `${lines.join("\n")}\n`;
}
