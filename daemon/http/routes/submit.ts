/** `POST /v1/operations`: one operation, or an array of them; once for each idempotency key. */
import type { FastifyInstance } from "fastify";
import { Refusal } from "../../../protocol/errors.js";
import type { Context } from "../../context.js";
import { Submissions } from "../../submissions.js";
import { bind } from "../route.js";

export function submitRoute(app: FastifyInstance, context: Context): void {
  const submissions = new Submissions(context);
  bind(app, "submit", async ({ body, request, reply }) => {
    const isBatch = Array.isArray(body);
    const bodies = isBatch ? body : [body];
    const key = checkedKey(request.headers["idempotency-key"]);
    const { entries, isNew } = await submissions.submit({ bodies, isBatch, key });
    if (!isNew) reply.code(200);
    return isBatch ? entries.map((entry) => context.present(entry)) : context.whole(entries[0]!);
  });
}

function checkedKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = Array.isArray(header) ? header.join(",") : header;
  if (key.length < 1 || key.length > 255) {
    throw new Refusal("LIVEOPS_BAD_REQUEST", "Idempotency-Key must have 1 to 255 characters");
  }
  return key;
}
