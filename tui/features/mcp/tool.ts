/** What a tool is, and how the server calls it. */
import type {
  CallToolResult,
  McpServer,
  ProgressNotification,
  ServerContext,
  ToolAnnotations,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Connected, Daemon, ServerRules } from "./daemon.js";
import { errorReply, errorText } from "./errors.js";
import { plain } from "./plain.js";

export type SendProgress = (
  progress: Omit<ProgressNotification["params"], "progressToken">,
) => Promise<void>;

export interface CallContext extends Connected {
  daemon: Daemon;
  /** Aborted when the client cancels the call, or closes the connection. */
  signal: AbortSignal;
  /** Aborted when the server ends: a wait stops, and a short call still finishes. */
  ended: AbortSignal;
  /** Null if the client did not ask for progress. */
  sendProgress: SendProgress | null;
}

export interface Tool<Shape extends z.ZodRawShape = z.ZodRawShape> {
  name: string;
  description: string;
  input: Shape;
  /** What a call changes; a server that is read-only has only the tools that change nothing. */
  changes: "nothing" | "adds" | "stops";
  /** It runs a command that the rules of the server may allow. */
  isCommand?: true;
  /** It types into a program. */
  isInput?: true;
  /** It answers in the place of a person. */
  isApproval?: true;
  /** @returns a JSON value */
  run(input: z.output<z.ZodObject<Shape>>, context: CallContext): Promise<unknown>;
}

/** Infers the type of the arguments from their schema. */
export function defineTool<Shape extends z.ZodRawShape>(tool: Tool<Shape>): Tool {
  return tool as unknown as Tool;
}

/** Whether a server with these rules has the tool. */
export function isOffered(
  { changes, isCommand, isInput, isApproval }: Tool,
  rules: ServerRules,
): boolean {
  if (changes === "nothing") return true;
  if (rules.readOnly || (isInput && rules.noInput)) return false;
  if (isApproval) return rules.allowApprove;
  // Others submit, or type into a shell, what is not allowed.
  return rules.allow === null || isCommand === true || changes === "stops";
}

export function registerTool(server: McpServer, daemon: Daemon, tool: Tool): void {
  const { name, description, changes } = tool;
  // Strict, so that a mistyped argument is an error and not ignored.
  const inputSchema = withJsonSchema(z.strictObject(tool.input));
  server.registerTool(
    name,
    { description, inputSchema, annotations: HINTS[changes] },
    (input, { mcpReq }) => daemon.track(call(tool, input, daemon, mcpReq)),
  );
}

/**
 * Those that differ from what the protocol takes for granted: each call has the list in its
 * context.
 */
const HINTS: Record<Tool["changes"], ToolAnnotations> = {
  nothing: { readOnlyHint: true },
  adds: { destructiveHint: false },
  stops: { idempotentHint: true },
};

/** The protocol's schemas are of zod/mini, which cannot say themselves as JSON Schema. */
function withJsonSchema<S extends z.ZodObject>(schema: S) {
  const json = () => {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", override: withoutNames });
    return rest;
  };
  return { "~standard": { ...schema["~standard"], jsonSchema: { input: json, output: json } } };
}

/** Keys of an object are strings anyway. */
function withoutNames({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.propertyNames;
}

type Request = ServerContext["mcpReq"];

async function call(
  tool: Tool,
  input: Record<string, unknown>,
  daemon: Daemon,
  request: Request,
): Promise<CallToolResult> {
  try {
    const { signal } = request;
    const { ended } = daemon;
    // What submits or retries makes the daemon run something.
    const connected = await daemon.connect(tool.changes === "adds");
    const context = { ...connected, daemon, signal, ended, sendProgress: progressOf(request) };
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

function progressOf({ _meta, notify }: Request): SendProgress | null {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return null;
  return (params) =>
    notify({ method: "notifications/progress", params: { ...params, progressToken } });
}
