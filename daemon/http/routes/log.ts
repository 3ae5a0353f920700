/** `GET /v1/operations/:id/log`: a page of the log, read by range; plain text where that is asked for. */
import type { FastifyInstance } from "fastify";
import { Refusal } from "../../../protocol/errors.js";
import { ROUTES } from "../../../protocol/routes.js";
import type { Context } from "../../context.js";
import { linesAfter, linesBefore } from "../../run-files/log-pages.js";
import { runDir } from "../../store/layout.js";
import { bind } from "../route.js";

export function logRoute(app: FastifyInstance, context: Context): void {
  bind(app, ROUTES.log, ({ params, query, request, reply }) => {
    const { record } = context.find(params.id);
    const { after, before, tail, limit, match, stage, stream } = query;
    if ([after, before, tail].filter((given) => given !== undefined).length > 1) {
      throw new Refusal("LIVEOPS_BAD_REQUEST", "give one of after, before and tail");
    }
    const dir = runDir(context.layout, record.id);
    const filter = { match, stage, stream };
    const backwards = before !== undefined || tail !== undefined;
    const { lines, more } = backwards
      ? linesBefore(dir, before ?? record.logLines + 1, Math.min(tail ?? limit, limit), filter)
      : linesAfter(dir, after ?? 0, limit, filter);
    if (request.headers.accept?.includes("text/plain")) {
      reply.type("text/plain; charset=utf-8");
      return lines.map((line) => `${line.text}\n`).join("");
    }
    const next = more ? ((backwards ? lines[0] : lines.at(-1))?.n ?? null) : null;
    return { lines, next, total: record.logLines };
  });
}
