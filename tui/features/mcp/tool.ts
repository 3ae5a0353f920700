/** What a tool is, and how the server calls it. */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type {
  CallToolResult,
  ProgressNotification,
  ServerNotification,
  ServerRequest,
} from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import type { Connected, Daemon } from "./daemon.js";
import { errorReply, errorText } from "./errors.js";
import { plain } from "./plain.js";

export type SendProgress = (progress: Omit<ProgressNotification["params"], "progressToken">) => Promise<void>;

export interface CallContext extends Connected {
  /** Aborted when the client cancels the call, or closes the connection. */
  signal: AbortSignal;
  /** Aborted when the server ends: a wait stops, and a short call still finishes. */
  ended: AbortSignal;
  /** Null if the client did not ask for progress. */
  sendProgress: SendProgress | null;
}

export interface Tool<Shape extends z.ZodRawShape = z.ZodRawShape> {
  name: string;
  title: string;
  description: string;
  input: Shape;
  /** What a call changes; a server that is read-only has only the tools that change nothing. */
  changes: "nothing" | "adds" | "stops";
  /** @returns a JSON value */
  run(input: z.output<z.ZodObject<Shape>>, context: CallContext): Promise<unknown>;
}

/** Infers the type of the arguments from their schema. */
export function defineTool<Shape extends z.ZodRawShape>(tool: Tool<Shape>): Tool {
  return tool as unknown as Tool;
}

export function registerTool(server: McpServer, daemon: Daemon, tool: Tool): void {
  const { name, title, description, changes } = tool;
  const annotations = {
    readOnlyHint: changes === "nothing",
    destructiveHint: changes === "stops",
    idempotentHint: changes !== "adds",
    openWorldHint: changes === "adds",
  };
  // Strict, so that a mistyped argument is an error and not ignored.
  const inputSchema = z.strictObject(tool.input);
  server.registerTool(name, { title, description, inputSchema, annotations }, (input, extra) =>
    daemon.track(call(tool, input, daemon, extra)),
  );
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

async function call(
  tool: Tool,
  input: Record<string, unknown>,
  daemon: Daemon,
  extra: Extra,
): Promise<CallToolResult> {
  try {
    const { signal } = extra;
    const { ended } = daemon;
    // What submits or retries makes the daemon run something.
    const connected = await daemon.connect(tool.changes === "adds");
    const context = { ...connected, signal, ended, sendProgress: progressOf(extra) };
    const value = plain(await tool.run(input, context));
    return { content: [{ type: "text", text: JSON.stringify(value) }] };
  } catch (error) {
    const reply = await errorReply(error, daemon);
    return {
      isError: true,
      content: [{ type: "text", text: errorText(reply) }],
      structuredContent: { error: reply },
    };
  }
}

function progressOf({ _meta, sendNotification }: Extra): SendProgress | null {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return null;
  return (params) =>
    sendNotification({ method: "notifications/progress", params: { ...params, progressToken } });
}
