/** `POST /v1/operations`: one operation, or an array of them; once for each idempotency key. */
import { Refusal } from "../../../protocol/errors.js";
import { Submissions } from "../../submissions.js";
import { definition, type RoutePlugin } from "../route-definition.js";

export const submitRoute: RoutePlugin = (app, { context }, done) => {
  const submissions = new Submissions(context);
  app.route({
    ...definition("submit"),
    handler: async ({ body, headers }, reply) => {
      const isBatch = Array.isArray(body);
      const bodies = isBatch ? body : [body];
      const key = checkedKey(headers["idempotency-key"]);
      const { entries, isNew } = await submissions.submit({ bodies, isBatch, key });
      reply.code(isNew ? 201 : 200);
      return isBatch ? entries.map((entry) => context.present(entry)) : context.whole(entries[0]!);
    },
  });
  done();
};

function checkedKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = Array.isArray(header) ? header.join(",") : header;
  if (key.length < 1 || key.length > 255) {
    throw new Refusal("LIVEOPS_BAD_REQUEST", "Idempotency-Key must have 1 to 255 characters");
  }
  return key;
}
