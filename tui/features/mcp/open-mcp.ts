/**
 * `liveops mcp`: serves operations to agents by the Model Context Protocol, on stdin and stdout.
 */
import type { Command } from "commander";
import { addCommand, allOptions, type GlobalOptions, reportTo } from "../../kit/options.js";
import type { ReportTo } from "../../kit/report.js";
import { CLIENTS } from "./clients.js";
import type { SetupOptions } from "./setup.js";

interface McpOptions extends GlobalOptions {
  readOnly?: boolean;
  allow?: string[];
  allowApprove?: boolean;
  /** `--no-input`. */
  input: boolean;
  endsWithSession?: boolean;
}

/** What the bundle of the server exports. */
interface McpBundle {
  serve(settings: { options: GlobalOptions; rules: object; to: ReportTo }): Promise<void>;
  setup(client: string | undefined, options: SetupOptions): void;
}

const listed = (rule: string, before: string[] = []) => [...before, rule];

export function registerMcp(root: Command): void {
  const mcp = addCommand(
    root,
    "mcp",
    "Serve operations to coding agents by the Model Context Protocol (MCP) on stdio",
    [
      "liveops mcp",
      "liveops mcp --read-only",
      "liveops mcp --allow 'npm test' --allow 'make *'",
      "liveops mcp --state-dir /srv/liveops",
    ],
  )
    .option("--read-only", "Leave out the tools that change something")
    .option(
      "--allow <command>",
      "Run only this command, word by word and without a shell; * at the end: any more words (repeatable)",
      listed,
    )
    .option("--allow-approve", "Let the agent answer approvals, in the place of a person")
    .option("--no-input", "Leave out the tool that types into programs")
    .option("--ends-with-session", "Cancel what the agent submitted when its session ends")
    .action(async (_options: unknown, command: Command) => {
      const options = allOptions<McpOptions>(command);
      const { serve } = (await import(SERVER)) as McpBundle;
      const rules = {
        readOnly: options.readOnly === true,
        allow: options.allow ?? null,
        allowApprove: options.allowApprove === true,
        noInput: !options.input,
        endsWithSession: options.endsWithSession === true,
      };
      await serve({ options, rules, to: reportTo(command) });
    });
  addCommand(
    mcp,
    "setup",
    "Add the server to the configuration of a coding agent",
    [
      "liveops mcp setup",
      "liveops mcp setup claude",
      "liveops mcp setup codex --project",
      "liveops mcp setup cursor --print",
    ],
    "none",
  )
    .argument("[client]", `One of ${Object.keys(CLIENTS).join(", ")}; default: those that are here`)
    .option("--project", "The file of the project in this directory, and not that of all projects")
    .option("--print", "Print the entry, and change nothing")
    .option("--remove", "Remove the entry")
    .action(async (client: string | undefined, options: SetupOptions) =>
      ((await import(SERVER)) as McpBundle).setup(client, options),
    );
}

/** The bundle of the server, next to ours. It holds the MCP SDK, which loads slowly. */
const SERVER: string = "./mcp.js";
