/** The clients that `liveops mcp setup` knows: where each keeps its servers, and in which form. */
import { homedir } from "node:os";
import { join } from "node:path";

/** What starts the server. */
interface Launch {
  command: string;
  args: string[];
}

export interface McpClient {
  title: string;
  /** Path below the home directory, or `$NAME/…` of a variable and its default. */
  user: string;
  /** Path below the project; absent: the client has no file there. */
  project?: string;
  format: "json" | "toml";
  /** Key of the object of all servers. */
  key: string;
  entry: (launch: Launch) => object;
  /** What to type in the client to see the server. */
  check: string;
  /** The page that says so. */
  source: string;
}

const plain = ({ command, args }: Launch) => ({ command, args });
const stdio = ({ command, args }: Launch) => ({ type: "stdio", command, args });

const CODE = process.platform === "darwin" ? "Library/Application Support/Code" : ".config/Code";

export const CLIENTS: Readonly<Record<string, McpClient>> = {
  claude: {
    title: "Claude Code",
    user: ".claude.json",
    project: ".mcp.json",
    format: "json",
    key: "mcpServers",
    entry: stdio,
    check: "/mcp",
    source: "https://code.claude.com/docs/en/mcp",
  },
  codex: {
    title: "Codex",
    user: ".codex/config.toml",
    project: ".codex/config.toml",
    format: "toml",
    key: "mcp_servers",
    entry: plain,
    check: "/mcp",
    source: "https://developers.openai.com/codex/mcp",
  },
  cursor: {
    title: "Cursor",
    user: ".cursor/mcp.json",
    project: ".cursor/mcp.json",
    format: "json",
    key: "mcpServers",
    entry: plain,
    check: "Settings, Tools & MCP",
    source: "https://cursor.com/docs/context/mcp",
  },
  vscode: {
    title: "VS Code",
    user: `${CODE}/User/mcp.json`,
    project: ".vscode/mcp.json",
    format: "json",
    key: "servers",
    entry: stdio,
    check: "MCP: List Servers",
    source: "https://code.visualstudio.com/docs/copilot/reference/mcp-configuration",
  },
  gemini: {
    title: "Gemini CLI",
    user: ".gemini/settings.json",
    project: ".gemini/settings.json",
    format: "json",
    key: "mcpServers",
    entry: plain,
    check: "/mcp",
    source: "https://geminicli.com/docs/tools/mcp-server",
  },
  qwen: {
    title: "Qwen Code",
    user: ".qwen/settings.json",
    project: ".qwen/settings.json",
    format: "json",
    key: "mcpServers",
    entry: plain,
    check: "/mcp",
    source: "https://qwenlm.github.io/qwen-code-docs/en/users/features/mcp",
  },
  opencode: {
    title: "opencode",
    user: ".config/opencode/opencode.json",
    project: "opencode.json",
    format: "json",
    key: "mcp",
    entry: ({ command, args }) => ({ type: "local", command: [command, ...args], enabled: true }),
    check: "opencode mcp list",
    source: "https://opencode.ai/docs/mcp-servers",
  },
};

/**
 * The file of a client, for all projects of the user or for the project in a directory; null: it
 * has none there.
 */
export function fileOf({ user, project }: McpClient, directory: string | null): string | null {
  if (directory === null) return join(homedir(), user);
  return project === undefined ? null : join(directory, project);
}
