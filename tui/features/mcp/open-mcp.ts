/** `liveops mcp`: serves operations to agents by the Model Context Protocol, on stdin and stdout. */
import type { Command } from "commander";
import { addCommand, allOptions, type GlobalOptions, reportTo } from "../../kit/options.js";
import type { ReportTo } from "../../kit/report.js";

interface McpOptions extends GlobalOptions {
  readOnly?: boolean;
}

/** What the bundle of the server exports. */
interface McpBundle {
  serve(settings: { options: GlobalOptions; readOnly: boolean; to: ReportTo }): Promise<void>;
}

export function registerMcp(root: Command): void {
  addCommand(root, "mcp", "Serve operations to agents by the Model Context Protocol (MCP) on stdio", [
    "liveops mcp",
    "liveops mcp --read-only",
    "liveops mcp --state-dir /srv/liveops",
  ])
    .option("--read-only", "Leave out the tools that submit, cancel and retry")
    .action(async (_options: unknown, command: Command) => {
      const options = allOptions<McpOptions>(command);
      const { serve } = (await import(SERVER)) as McpBundle;
      await serve({ options, readOnly: options.readOnly === true, to: reportTo(command) });
    });
}

/** The bundle of the server, next to ours. It holds the MCP SDK, which loads slowly. */
const SERVER: string = "./mcp.js";
