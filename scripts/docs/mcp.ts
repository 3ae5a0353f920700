/** Generates the region of docs/mcp.md from the tools of the server. */
import { TOOLS } from "../../tui/features/mcp/main.js";
import { code, type Regions, table } from "./markdown.js";

export function mcpRegions(): Regions {
  const rows = TOOLS.map(({ name, input, description, changes }) => [
    code(name),
    Object.keys(input).map(code).join(", "),
    changes === "nothing" ? "" : "yes",
    description,
  ]);
  return { tools: table(["tool", "arguments", "changes", "description"], rows) };
}
