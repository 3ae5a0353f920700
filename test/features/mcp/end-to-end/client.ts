/**
 * A client of MCP on the built `liveops mcp`: JSON-RPC 2.0, one message a line, as the protocol of
 * 2025-06-18 says.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type {
  CallToolResult,
  Progress,
  ReadResourceResult,
  RequestMethod,
  RequestTypeMap,
  ResultTypeMap,
} from "@modelcontextprotocol/server";
import type { World } from "../../../harness/world.js";

/** Where the server runs. */
type Place = Pick<World, "bin" | "env" | "dir">;

const VERSION = "2025-06-18";

/** The parts of a message from the server that this client reads. */
interface Message {
  id?: number;
  method?: string;
  params?: Progress & { progressToken?: number; uri?: string };
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

export class McpClient {
  /** What the server wrote to stderr. */
  stderr = "";
  /** The resources that the server said have changed. */
  readonly updated: string[] = [];
  readonly #server: ChildProcessWithoutNullStreams;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #progress = new Map<number, (progress: Progress) => void>();
  #requests = 0;

  private constructor(world: Place, words: string[]) {
    this.#server = spawn(process.execPath, [world.bin("liveops"), "mcp", ...words], {
      env: world.env,
      cwd: world.dir,
    });
    this.#server.stderr.on("data", (bytes) => {
      this.stderr += bytes;
    });
    createInterface({ input: this.#server.stdout }).on("line", (line) =>
      this.#receive(JSON.parse(line)),
    );
    this.#server.once("close", () => {
      for (const { reject } of this.#open.values())
        reject(new Error(`the server ended: ${this.stderr}`));
    });
  }

  static async start(world: Place, ...words: string[]): Promise<McpClient> {
    const started = new McpClient(world, words);
    const { protocolVersion } = await started.request("initialize", {
      protocolVersion: VERSION,
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    });
    if (protocolVersion !== VERSION) throw new Error(`the server speaks ${protocolVersion}`);
    started.#send({ method: "notifications/initialized" });
    return started;
  }

  /** @throws Error with the code and the data of an error of the server */
  async request<M extends RequestMethod>(
    method: M,
    params: RequestTypeMap[M]["params"],
    onprogress?: (progress: Progress) => void,
  ): Promise<ResultTypeMap[M]> {
    const id = ++this.#requests;
    const reply = Promise.withResolvers<unknown>();
    this.#open.set(id, reply);
    if (onprogress) this.#progress.set(id, onprogress);
    this.#send({
      id,
      method,
      params: { ...params, ...(onprogress && { _meta: { progressToken: id } }) },
    });
    // The tests compare what they read of it.
    return (await reply.promise) as ResultTypeMap[M];
  }

  #send(message: object): void {
    this.#server.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (method === "notifications/progress")
      this.#progress.get(params?.progressToken ?? 0)?.(params!);
    if (method === "notifications/resources/updated") this.updated.push(params?.uri ?? "");
    if (id === undefined) return;
    const reply = this.#open.get(id);
    if (error) reply?.reject(Object.assign(new Error(error.message), error));
    else reply?.resolve(result);
    this.#open.delete(id);
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
    const result: CallToolResult = await this.request(
      "tools/call",
      { name, arguments: input },
      onprogress,
    );
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
    const { contents }: ReadResourceResult = await this.request("resources/read", { uri });
    const [first] = contents;
    if (first === undefined || !("text" in first)) throw new Error(`${uri} has no text`);
    return first.text;
  }

  /** Ends the server as a crash of its client may. */
  async kill(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.kill("SIGKILL");
    await closed;
  }

  /** Closes stdin, at which the server ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const closed = once(this.#server, "close");
    this.#server.stdin.end();
    await closed;
  }
}
