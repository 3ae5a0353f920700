/** The routes of operations: submit, again, list, show, edit, cancel, retry, remove. */
import { forgetFrom } from "../../../ops/attempt/stage-values.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import type { RetryBody } from "../../../protocol/requests.js";
import { draftOfAgain } from "../../admission/again.js";
import { readCurrent } from "../../admission/current-text.js";
import { editOperation } from "../../admission/edit.js";
import { hostFilter } from "../../hosts/hosts.js";
import { isUnreadable, runFilesRefusal } from "../../run-files/unreadable.js";
import type { Entry } from "../../store/decision.js";
import { isDiskFull } from "../../store/durable-file.js";
import { sourceOf } from "../../store/entry-events.js";
import { valuesDir } from "../../store/layout.js";
import { StoreFullError } from "../../store/not-recorded.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";

/**
 * `POST /v1/operations`: one operation, or an array of them; once for each idempotency key.
 * `POST /v1/operations/:id/again`: a finished operation, as a new one.
 */
export const submitRoute: RoutePlugin = (app, { context }, done) => {
  const { submissions } = context;
  app.route({
    ...definition("submit"),
    handler: async ({ body, headers }, reply) => {
      const isBatch = Array.isArray(body);
      const key = checkedKey(headers["idempotency-key"]);
      const { entries, isNew } = await submissions.submit(isBatch ? body : [body], { isBatch, key });
      reply.code(isNew ? 201 : 200);
      return isBatch
        ? entries.map((entry) => context.view.present(entry))
        : context.view.presentWhole(entries[0]!);
    },
  });
  app.route({
    ...definition("again"),
    handler: async ({ params, body, headers }, reply) => {
      const key = checkedKey(headers["idempotency-key"]);
      const draft = await draftOfAgain(context, params.id, body);
      const { entries, isNew } = await submissions.submit([draft], { isBatch: false, key });
      reply.code(isNew ? 201 : 200);
      return context.view.presentWhole(entries[0]!);
    },
  });
  done();
};

/** The `Idempotency-Key` header of a request; null without it. */
export function checkedKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = Array.isArray(header) ? header.join(",") : header;
  if (key.length < 1 || key.length > 255) {
    throw new Refusal("LIVEOPS_BAD_REQUEST", "Idempotency-Key must have 1 to 255 characters");
  }
  return key;
}

/** `GET /v1/operations`: filtered, in the order of submission, in pages. */
export const listRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("list"),
    handler: async ({ query }) => {
      const { limit, before, finishedAfter, finishedSince, ...rest } = query;
      const filter = {
        ...rest,
        host: hostFilter(context.hosts, rest.host),
        finishedSince: finishedSince === undefined ? undefined : Date.parse(finishedSince),
        before: before === undefined ? undefined : numberOf("before", "next", before),
        finishedAfter:
          finishedAfter === undefined ? undefined : numberOf("finishedAfter", "cursor", finishedAfter),
      };
      const { archive, journalNumber } = context.store;
      const entries = await archive.list(filter, limit + 1);
      const page = entries.slice(0, limit);
      await context.runs.bring(page.filter(({ run }) => run !== null).map(({ record }) => record.id));
      const more = entries.length > limit && limit > 0;
      return {
        operations: page.map((entry) => context.view.present(entry)),
        next: more ? page.at(-1)!.order.toString(36) : null,
        previous: page[0]?.order.toString(36) ?? null,
        total: await archive.count(filter),
        cursor: journalNumber.toString(36),
      };
    },
  });
  done();
};

/** Reads an opaque value of an earlier page. */
function numberOf(name: string, from: string, text: string): number {
  const number = Number.parseInt(text, 36);
  if (!/^[0-9a-z]+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new Refusal("LIVEOPS_BAD_REQUEST", `the query's ${name} takes the \`${from}\` of an earlier page`);
  }
  return number;
}

export const showRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("show"),
    handler: async ({ params }) => {
      const entry = await context.view.find(params.id);
      if (entry.run !== null) await context.runs.bring([entry.record.id]);
      return context.view.presentWhole(await context.view.find(entry.record.id));
    },
  });
  done();
};

/** `PATCH /v1/operations/:id`: changes a queued operation. */
export const editRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("edit"),
    handler: async ({ params, body }) => {
      const entry = await context.view.find(params.id);
      await editOperation(context, entry, body);
      return context.view.presentWhole(await context.view.find(entry.record.id));
    },
  });
  done();
};

export const cancelRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("cancel"),
    handler: async ({ params }) => {
      const { id } = (await context.view.find(params.id)).record;
      await cancelOperation(context, id);
      return context.view.presentWhole(await context.view.find(id));
    },
  });
  done();
};

export async function cancelOperation({ lifecycle, scheduler }: Context, id: string): Promise<null> {
  await lifecycle.cancel(id);
  scheduler.stopOperation(id);
  return null;
}

/** `POST /v1/operations/:id/retry`: runs a failed or cancelled operation again, from a stage if it is resumable. */
export const retryRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("retry"),
    handler: async ({ params, body }) => {
      const entry = await context.view.find(params.id);
      await retryOperation(context, entry, body);
      return context.view.presentWhole(await context.view.find(entry.record.id));
    },
  });
  done();
};

export async function retryOperation(context: Context, entry: Entry, body: RetryBody): Promise<null> {
  const { id, op, state } = entry.record;
  const from = body.from ?? null;
  // The lifecycle refuses an operation in another state. That error comes before one about its type.
  const mayBeRetried = state === "failed" || state === "cancelled";
  // A pipeline is resumable, and its text is kept, so that its file need not load.
  const isPipeline = sourceOf(entry) !== null;
  if (mayBeRetried && from !== null && !isPipeline) await checkResumable(context, op);
  const changes = mayBeRetried && body.current === true ? await readCurrent(context, id) : null;
  if (mayBeRetried) context.store.secrets.put(id, body.secrets);
  await context.lifecycle.retry(id, from, (entry) => forget(context, entry, from), changes);
  return null;
}

/** @throws Refusal if the type is not resumable, or does not load */
async function checkResumable({ types }: Context, op: string): Promise<void> {
  const type = await types.resolve(op);
  if ("reason" in type) throw new Refusal("LIVEOPS_NO_SUCH_TYPE", type.reason);
  if (type.policy.resumable) return;
  throw new Refusal(
    "LIVEOPS_BAD_REQUEST",
    `${op} is not resumable, so it cannot rerun from a stage; leave out from to run it again from the start`,
  );
}

function forget(context: Context, { record }: Entry, from: string | null): void {
  if (from === null) return;
  try {
    forgetFrom(valuesDir(context.layout, record.id), from, record.stages, record.attempt);
  } catch (error) {
    if (isDiskFull(error)) throw new StoreFullError("no disk space to remove the values of its stages");
    throw isUnreadable(error) ? runFilesRefusal(record.id, error) : error;
  }
}

export const removeRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("remove"),
    handler: async ({ params }) => removeOperation(context, (await context.view.find(params.id)).record.id),
  });
  done();
};

/** @returns the last record */
export async function removeOperation(context: Context, id: string): Promise<Operation> {
  // The large values are read before the removal: it deletes their files.
  const { params, result, omitted } = context.view.presentWhole(await context.view.find(id));
  const removed = context.view.present(await context.lifecycle.remove(id));
  return { ...removed, params, result, omitted };
}
