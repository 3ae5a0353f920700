/** The SDK's own client, over stdio, on the built `liveops mcp`. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { CallToolResult, Progress } from "@modelcontextprotocol/sdk/types.js";
import type { World } from "../../../harness/world.js";

export class McpClient {
  readonly client = new Client({ name: "test", version: "1" });
  readonly transport: StdioClientTransport;
  /** What the server wrote to stderr. */
  stderr = "";

  private constructor(world: World, words: string[]) {
    this.transport = new StdioClientTransport({
      command: process.execPath,
      args: [world.bin("liveops"), "mcp", ...words],
      env: world.env,
      cwd: world.dir,
      stderr: "pipe",
    });
    this.transport.stderr?.on("data", (bytes) => {
      this.stderr += bytes;
    });
  }

  static async start(world: World, ...words: string[]): Promise<McpClient> {
    const started = new McpClient(world, words);
    await started.client.connect(started.transport).catch((cause: unknown) => {
      throw new Error(`the server did not start: ${started.stderr}`, { cause });
    });
    return started;
  }

  /** The JSON value of a tool. @throws Error where the tool replies with an error */
  async call<T = Record<string, unknown>>(
    name: string,
    input: Record<string, unknown> = {},
    onprogress?: (progress: Progress) => void,
  ): Promise<T> {
    const { isError, text } = await this.ask(name, input, onprogress);
    if (isError) throw new Error(`${name}: ${text}`);
    return JSON.parse(text) as T;
  }

  async ask(
    name: string,
    input: Record<string, unknown> = {},
    onprogress?: (progress: Progress) => void,
  ): Promise<{ isError: boolean; text: string; error: unknown }> {
    const options = { timeout: 25_000, ...(onprogress && { onprogress }) };
    const result = (await this.client.callTool(
      { name, arguments: input },
      undefined,
      options,
    )) as CallToolResult;
    const [first] = result.content;
    if (first?.type !== "text") throw new Error(`${name} returned ${JSON.stringify(result)}`);
    return {
      isError: result.isError === true,
      text: first.text,
      error: (result.structuredContent as { error?: unknown } | undefined)?.error,
    };
  }

  /** The text of a resource. */
  async read(uri: string): Promise<string> {
    const { contents } = await this.client.readResource({ uri });
    const [first] = contents;
    if (first === undefined || !("text" in first)) throw new Error(`${uri} has no text`);
    return first.text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}
