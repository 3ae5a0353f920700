/**
 * `liveops mcp setup`: the configuration of each client, in the form that its documentation shows.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { CLIENTS } from "../../../tui/features/mcp/clients.js";
import { setup } from "../../../tui/features/mcp/setup.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
let home: string;
let said: string;

beforeEach(() => {
  home = directory();
  vi.stubEnv("HOME", home);
  said = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said += text;
    return true;
  });
  return () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  };
});

/** What a user has beside the entry, as the page that `source` of the client names shows it. */
const EXAMPLES: Record<string, string> = {
  claude:
    '{\n  "numStartups": 3,\n  "mcpServers": {\n    "api": { "type": "http", "url": "https://x.test/mcp" }\n  }\n}\n',
  codex:
    '# model\nmodel = "gpt-5" # mine\n\n[mcp_servers.context7]\ncommand = "npx"\nargs = ["-y", "@upstash/context7-mcp"] # docs\n\n[profiles.fast]\nmodel = "x"\n',
  cursor:
    '{\n  "mcpServers": {\n    "git": { "command": "uvx", "args": ["mcp-server-git"] }\n  }\n}\n',
  vscode:
    '{\n  // asked once\n  "inputs": [{ "type": "promptString", "id": "key" }],\n  "servers": {\n    "memory": { "command": "npx", "args": ["-y", "m"] },\n  },\n}\n',
  gemini: '{\n  "theme": "GitHub",\n  "mcpServers": {}\n}\n',
  qwen: '{\n  "mcpServers": { "a": { "command": "b" } }\n}\n',
  opencode:
    '{\n  "$schema": "https://opencode.ai/config.json",\n  // servers\n  "mcp": {\n    "x": { "type": "local", "command": ["bun", "x"] }\n  }\n}\n',
};

const COMMAND = expect.stringMatching(/^\//);
const LAUNCH = { command: COMMAND, args: [expect.stringMatching(/liveops\.cjs$/), "mcp"] };
const ENTRIES: Record<string, object> = {
  claude: { type: "stdio", ...LAUNCH },
  vscode: { type: "stdio", ...LAUNCH },
  opencode: { type: "local", command: [COMMAND, LAUNCH.args[0], "mcp"], enabled: true },
};

const fileOf = (name: string) => join(home, CLIENTS[name]!.user);

function put(name: string, text: string): void {
  mkdirSync(dirname(fileOf(name)), { recursive: true });
  writeFileSync(fileOf(name), text);
}

const without = (text: string) => text.replace(/\s+|,(?=\s*[}\]])/g, "");

test.each(Object.keys(CLIENTS))(
  "%s: adds the entry once, keeps all else, and takes it out",
  async (name) => {
    const before = EXAMPLES[name]!;
    put(name, before);
    setup(name, {});
    const text = readFileSync(fileOf(name), "utf8");
    const { format, key } = CLIENTS[name]!;
    const { parse } =
      format === "toml"
        ? await import("@decimalturn/toml-patch")
        : await import("jsonc-parser/lib/esm/main.js");
    expect((parse(text) as Record<string, Record<string, object>>)[key]?.liveops).toEqual(
      ENTRIES[name] ?? LAUNCH,
    );
    for (const line of before.split("\n").filter((each) => /#|\/\/ /.test(each)))
      expect(text).toContain(line.trim());
    setup(name, {});
    expect(readFileSync(fileOf(name), "utf8")).toBe(text);
    expect(said).toContain("has the entry already");
    setup(name, { remove: true });
    expect(without(readFileSync(fileOf(name), "utf8"))).toBe(without(before));
  },
);

test("without a name: the clients that are here, also through a link", () => {
  mkdirSync(join(home, "dotfiles"));
  writeFileSync(join(home, "dotfiles/mcp.json"), "{}\n");
  mkdirSync(join(home, ".cursor"));
  symlinkSync(join(home, "dotfiles/mcp.json"), fileOf("cursor"));
  setup(undefined, {});
  expect(said).toMatch(/^Cursor: wrote .*mcp\.json; restart it/);
  expect(readFileSync(join(home, "dotfiles/mcp.json"), "utf8")).toContain("liveops");
});

test("a file that cannot be read stays", () => {
  put("gemini", "{ not json");
  expect(() => setup("gemini", {})).toThrow(/settings\.json cannot be read/);
  put("codex", "[broken");
  expect(() => setup("codex", {})).toThrow(/config\.toml cannot be read/);
  expect([readFileSync(fileOf("gemini"), "utf8"), readFileSync(fileOf("codex"), "utf8")]).toEqual([
    "{ not json",
    "[broken",
  ]);
});

test("--print writes nothing", () => {
  setup("vscode", { print: true });
  expect(said).toContain('"servers"');
  expect(() => readFileSync(fileOf("vscode"))).toThrow("ENOENT");
});
