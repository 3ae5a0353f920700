/** Hooks that record in the audit log each request of a route, its client and its result. */
import type { FastifyRequest, onErrorHookHandler, preSerializationHookHandler } from "fastify";
import type { AuditAction, AuditLine } from "../../protocol/audit.js";
import { PATHS, type Path, type RouteName } from "../../protocol/paths.js";
import type { RetryBody } from "../../protocol/requests.js";
import type { AuditLog } from "../log/audit-log.js";
import { asRefusal } from "./errors.js";

declare module "fastify" {
  interface FastifyInstance {
    audit: AuditLog;
  }
}

export interface AuditHooks {
  preSerialization?: preSerializationHookHandler;
  onError?: onErrorHookHandler;
}

/** Whether the route changes something. Streams and `input` record lines of their own. */
export function isAudited(name: RouteName): name is RouteName & AuditAction {
  const { method, lastLine }: Path = PATHS[name];
  return method !== "GET" && lastLine === undefined && name !== "input";
}

export function auditHooks(action: AuditAction): AuditHooks {
  const record = (request: FastifyRequest, ids: string[], result: string) =>
    request.server.audit.record({ action, request, ids, result, details: detailsOf(action, request) });
  return {
    preSerialization: (request, reply, payload, done) => {
      // Problems come here too; the other hook has recorded them.
      if (reply.statusCode < 400) record(request, idsOf(payload), "done");
      done(null, payload);
    },
    onError: (request, _reply, error, done) => {
      const { id } = (request.params ?? {}) as { id?: string };
      record(request, id === undefined ? [] : [id], asRefusal(error, 0).code);
      done();
    },
  };
}

/** The ids in a reply of one operation or of several. */
function idsOf(result: unknown): string[] {
  const operations = (Array.isArray(result) ? result : [result]) as Array<{ id?: unknown }>;
  return operations.flatMap(({ id }) => (typeof id === "string" ? [id] : []));
}

/**
 * The request's options: the keys of an edit (never its values), what a retry names, the choice of an answer, `now` of a
 * stop; the id that `again` was given.
 */
function detailsOf(action: AuditAction, { body, params }: FastifyRequest): AuditLine["details"] {
  if (action === "edit")
    return {
      keys: Object.keys(body ?? {})
        .join(", ")
        .slice(0, 200),
    };
  const { now, draining } = (body ?? {}) as { now?: unknown; draining?: unknown };
  if (action === "retry") return detailsOfRetry(body as RetryBody | null);
  const { choice } = (body ?? {}) as { choice?: unknown };
  if (action === "approve" && typeof choice === "string") return { choice: choice.slice(0, 200) };
  // The ids of a done request are those of the new operations.
  if (action === "again") return { of: (params as { id: string }).id.slice(0, 200) };
  const queue = (params as { queue?: string } | null)?.queue ?? (body as { queue?: unknown } | null)?.queue;
  const schedule =
    (params as { schedule?: string } | null)?.schedule ?? (body as { name?: unknown } | null)?.name;
  if (/Schedule$/.test(action))
    return typeof schedule === "string" ? { schedule: schedule.slice(0, 200) } : null;
  if (/Queue$/.test(action)) return typeof queue === "string" ? { queue } : null;
  if (action === "declareLost") return { host: (params as { host: string }).host.slice(0, 200) };
  if (action === "drain" && typeof draining === "boolean") return { draining };
  if (action === "stop" && now === true) return { now };
  return null;
}

/** Stages and steps, and the names of changed parameters, never their values. A wrong body may hold anything. */
function detailsOfRetry(body: RetryBody | null): AuditLine["details"] {
  const { from, done, set, params } = (body ?? {}) as Record<keyof RetryBody, unknown>;
  const stages = (Array.isArray(done) ? done : []).map((each: { stage?: unknown } | null) => each?.stage);
  const words = (Array.isArray(set) ? set : []).map((word) => String(word).split(/:?=/, 1)[0]);
  const names = [...words, ...Object.keys(Object(params ?? {}))];
  const details = {
    ...(typeof from === "string" && { from: from.slice(0, 200) }),
    ...(stages.length > 0 && { done: stages.join(", ").slice(0, 200) }),
    ...(names.length > 0 && { parameters: names.join(", ").slice(0, 200) }),
  };
  return Object.keys(details).length > 0 ? details : null;
}
