/** Takes down in the audit log what a route was asked for, by whom, and what came of it. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AuditAction, AuditLine } from "../../protocol/audit.js";
import type { RouteName } from "../../protocol/paths.js";
import type { AuditLog } from "../audit/audit-log.js";
import { asRefusal } from "./errors.js";

declare module "fastify" {
  interface FastifyInstance {
    audit: AuditLog;
  }
}

export type Answer = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** The route `backup` takes its own line down, when it is over. */
const AUDITED = new Set<string>(["submit", "cancel", "retry", "remove", "stop"] satisfies AuditAction[]);

export function isAudited(name: RouteName): name is RouteName & AuditAction {
  return AUDITED.has(name);
}

export function audited(audit: AuditLog, action: AuditAction, answer: Answer): Answer {
  return async (request, reply) => {
    const take = (ids: string[], result: string) =>
      audit.record({ action, request, ids, result, details: detailsOf(action, request) });
    try {
      const result = await answer(request, reply);
      take(idsOf(result), "done");
      return result;
    } catch (error) {
      const { id } = request.params as { id?: string };
      take(id === undefined ? [] : [id], asRefusal(error as Error, 0).code);
      throw error;
    }
  };
}

/** Of an operation, or of several. */
function idsOf(result: unknown): string[] {
  const operations = (Array.isArray(result) ? result : [result]) as Array<{ id?: unknown }>;
  return operations.flatMap(({ id }) => (typeof id === "string" ? [id] : []));
}

/** What was asked for beside the operations: `from` of a retry, `now` of a stop. */
function detailsOf(action: AuditAction, { body }: FastifyRequest): AuditLine["details"] {
  const { from, now } = (body ?? {}) as { from?: unknown; now?: unknown };
  if (action === "retry" && typeof from === "string") return { from: from.slice(0, 200) };
  if (action === "stop" && now === true) return { now };
  return null;
}
