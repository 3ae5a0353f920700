/** Resources: the record and the log of each operation. */
import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type Resource,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import type { Operation } from "../../../protocol/operation.js";
import type { Connected, Daemon } from "./daemon.js";
import { errorReply, errorText } from "./errors.js";
import { plain, plainText } from "./plain.js";

const RECORDS = "liveops://operations/{id}";
const LOGS = "liveops://operations/{id}/log";

/** Newest operations that are listed. */
const LISTED = 50;

/** Last lines of a log. */
const LINES = 1000;

export function registerResources(server: McpServer, daemon: Daemon): void {
  const records = new ResourceTemplate(RECORDS, {
    list: () => withErrors(daemon, (to) => newest(to, recordResource)),
  });
  const logs = new ResourceTemplate(LOGS, {
    list: () => withErrors(daemon, (to) => newest(to, logResource)),
  });
  server.registerResource(
    "operation",
    records,
    { title: "Operation", description: "The record of an operation", mimeType: "application/json" },
    (uri, { id }) =>
      withErrors(daemon, async ({ client }) => {
        const text = JSON.stringify(plain(await client.show(String(id))));
        return { contents: [{ uri: uri.href, mimeType: "application/json", text }] };
      }),
  );
  server.registerResource(
    "log",
    logs,
    {
      title: "Log",
      description: `The last ${LINES} log lines of an operation; read_log reads more`,
      mimeType: "text/plain",
    },
    (uri, { id }) =>
      withErrors(daemon, async (to) => {
        const text = await logText(String(id), to);
        return { contents: [{ uri: uri.href, mimeType: "text/plain", text }] };
      }),
  );
}

/** Throws errors of the daemon as errors of MCP, with the code and the next step. */
export async function withErrors<T>(
  daemon: Daemon,
  work: (to: Connected) => Promise<T>,
): Promise<T> {
  try {
    return await daemon.track((async () => await work(await daemon.connect()))());
  } catch (error) {
    const reply = await errorReply(error, daemon);
    const code =
      reply.code === "LIVEOPS_NO_SUCH_OPERATION"
        ? ProtocolErrorCode.ResourceNotFound
        : ProtocolErrorCode.InternalError;
    throw new ProtocolError(code, errorText(reply), reply);
  }
}

async function newest({ client }: Connected, resourceOf: (operation: Operation) => Resource) {
  const { operations } = await client.list({ parent: "none", limit: LISTED });
  return { resources: operations.map(resourceOf) };
}

function recordResource({ id, op, title, label, state, updatedAt }: Operation): Resource {
  return {
    uri: RECORDS.replace("{id}", id),
    name: id,
    title: plainText(label ?? title),
    description: plainText(`${op}, ${state}`),
    mimeType: "application/json",
    annotations: { lastModified: updatedAt },
  };
}

function logResource(operation: Operation): Resource {
  const { uri: _, mimeType: __, ...record } = recordResource(operation);
  return {
    ...record,
    uri: LOGS.replace("{id}", operation.id),
    name: `${operation.id}/log`,
    title: `Log: ${record.title}`,
    mimeType: "text/plain",
  };
}

async function logText(id: string, { client }: Connected): Promise<string> {
  const { lines, total } = await client.log(id, { tail: LINES, limit: LINES });
  const left = total - lines.length;
  const note =
    left > 0
      ? [`(${left} earlier lines are left out; read_log with before=${lines[0]?.n} reads them)`]
      : [];
  return [...note, ...lines.map((line) => plainText(line.text).replaceAll("\n", "\\n"))].join("\n");
}
