/**
 * The routes of operations: submit, again, list, show, edit, cancel, pause, resume, approve,
 * reject, retry, remove.
 */
import type { FastifyReply } from "fastify";
import type * as z from "zod/mini";
import { anotherQuestion, answerCommand, NO, onlyChoice } from "../../../protocol/approval.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Approval, Operation } from "../../../protocol/operation.js";
import type { OperationPage } from "../../../protocol/replies.js";
import type { listQuery } from "../../../protocol/requests.js";
import { STATES } from "../../../protocol/state.js";
import { nearest } from "../../../protocol/text/nearest.js";
import { WARNING_HEADER } from "../../../protocol/version.js";
import { draftOfAgain } from "../../admission/again.js";
import { editOperation } from "../../admission/edit.js";
import { retryOperation } from "../../admission/retry.js";
import { notAsking } from "../../state-refusal.js";
import type { HistoryQuery } from "../../store/history-query.js";
import type { Store } from "../../store/store.js";
import { checkPerson, personOf, sessionOf } from "../person.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";

export const operationRoutes: RoutePlugin = (app, { context }, done) => {
  const { submissions, view } = context;
  app.route({
    ...definition("submit"),
    handler: async (request, reply) => {
      const { body, headers } = request;
      const isBatch = Array.isArray(body);
      const key = checkedKey(headers["idempotency-key"]);
      // What an operation of an agent submits is the agent's, too.
      const session = await sessionOf(context, request);
      const drafts = [body].flat().map((each) => ({ ...session, ...each }));
      const { entries, isNew, warnings } = await submissions.submit(drafts, { isBatch, key });
      warn(reply.code(isNew ? 201 : 200), warnings);
      return isBatch ? entries.map((entry) => view.present(entry)) : view.presentWhole(entries[0]!);
    },
  });
  app.route({
    ...definition("again"),
    handler: async (request, reply) => {
      const { params, body, headers } = request;
      const key = checkedKey(headers["idempotency-key"]);
      const session = await sessionOf(context, request);
      const draft = await draftOfAgain(context, params.id, { ...session, ...body });
      const { entries, isNew, warnings } = await submissions.submit([draft], {
        isBatch: false,
        key,
      });
      warn(reply.code(isNew ? 201 : 200), warnings);
      return view.presentWhole(entries[0]!);
    },
  });
  app.route({ ...definition("list"), handler: ({ query }) => list(context, query) });
  app.route({
    ...definition("show"),
    handler: async ({ params }) => {
      const entry = await view.find(params.id);
      if (entry.run !== null) await context.runs.bring([entry.record.id]);
      return wholeRecord(context, entry.record.id);
    },
  });
  app.route({
    ...definition("edit"),
    handler: async ({ params, body }) => {
      const entry = await view.find(params.id);
      await editOperation(context, entry, body);
      return wholeRecord(context, entry.record.id);
    },
  });
  app.route({
    ...definition("cancel"),
    handler: async ({ params }) => {
      const { id } = (await view.find(params.id)).record;
      await cancelOperation(context, id);
      return wholeRecord(context, id);
    },
  });
  for (const [name, isPaused] of [
    ["pause", true],
    ["resume", false],
  ] as const)
    app.route({
      ...definition(name),
      handler: async ({ params }) => {
        const { id } = (await view.find(params.id)).record;
        await pauseOperation(context, id, isPaused);
        return wholeRecord(context, id);
      },
    });
  app.route({
    ...definition("approve"),
    handler: async (request) => {
      const { id } = (await view.find(request.params.id)).record;
      await checkPerson(context, request, `liveops approve ${id}`);
      const { choice, since } = request.body;
      await answerOperation(context, id, personOf(request), since, (open) =>
        chosen(open, choice, id),
      );
      return wholeRecord(context, id);
    },
  });
  app.route({
    ...definition("reject"),
    handler: async (request) => {
      const { id } = (await view.find(request.params.id)).record;
      await checkPerson(context, request, `liveops reject ${id}`);
      await answerOperation(context, id, personOf(request), request.body.since, () => NO);
      return wholeRecord(context, id);
    },
  });
  app.route({
    ...definition("retry"),
    handler: async (request) => {
      const entry = await view.find(request.params.id);
      if (request.body.done !== undefined)
        await checkPerson(context, request, `liveops retry --done STAGE ${entry.record.id}`);
      const keepsQuestions =
        request.body.keepsQuestions || (await sessionOf(context, request)) !== null;
      await retryOperation(context, entry, { ...request.body, keepsQuestions }, personOf(request));
      return wholeRecord(context, entry.record.id);
    },
  });
  app.route({
    ...definition("remove"),
    handler: async ({ params }) => removeOperation(context, (await view.find(params.id)).record.id),
  });
  done();
};

/** The present record, with its large values. */
export async function wholeRecord({ view }: Pick<Context, "view">, id: string): Promise<Operation> {
  return view.presentWhole(await view.find(id));
}

/** Adds what the submitter should know. */
export function warn(reply: FastifyReply, warnings: readonly string[] = []): void {
  if (warnings.length > 0) reply.header(WARNING_HEADER, encodeURIComponent(warnings.join("\n")));
}

/** The `Idempotency-Key` header of a request; null without it. */
export function checkedKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = Array.isArray(header) ? header.join(",") : header;
  if (key.length < 1 || key.length > 255) {
    throw new Refusal("LIVEOPS_BAD_REQUEST", "Idempotency-Key must have 1 to 255 characters");
  }
  return key;
}

/** A page in the order of submission. */
async function list(context: Context, query: z.output<typeof listQuery>): Promise<OperationPage> {
  const { limit, before, finishedAfter, finishedSince, ...rest } = query;
  // An agent asks so what it has started. Its killed client may have sent a submit that still waits
  // for its type.
  if (query.session !== undefined || query.here !== undefined) await context.submissions.settled();
  const filter = {
    ...rest,
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
    total: await totalOf(context.store, filter),
    cursor: journalNumber.toString(36),
  };
}

/**
 * The store keeps the number of each state. Of other filters, the few operations inside of others
 * cost less to count.
 */
async function totalOf(store: Store, filter: HistoryQuery): Promise<number> {
  const { archive } = store;
  const { parent, state = STATES, order: _, before: __, ...others } = filter;
  if (parent !== "none") return archive.count(filter);
  if (Object.values(others).every((each) => each === undefined)) {
    const counts = store.counts(parent);
    return state.reduce((sum, each) => sum + counts[each], 0);
  }
  const all = await archive.count({ ...filter, parent: undefined });
  return all - (await archive.count({ ...filter, parent: "any" }));
}

/** Reads an opaque value of an earlier page. */
function numberOf(name: string, from: string, text: string): number {
  const number = Number.parseInt(text, 36);
  if (!/^[0-9a-z]+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `the query's ${name} takes the \`${from}\` of an earlier page`,
    );
  }
  return number;
}

export async function cancelOperation(
  { lifecycle, scheduler }: Context,
  id: string,
): Promise<null> {
  await lifecycle.cancel(id);
  scheduler.stopOperation(id);
  return null;
}

async function pauseOperation(context: Context, id: string, isPaused: boolean): Promise<void> {
  const { scheduler, containment, lifecycle } = context;
  // Only the host that runs it knows whether its processes can be stopped.
  const isHere = scheduler.attempts.has(id);
  const why = isPaused && isHere ? containment.whyNoPause : null;
  if (why !== null) throw new Refusal("LIVEOPS_WRONG_STATE", `pausing an operation is ${why}`);
  await lifecycle.pause(id, isPaused);
  scheduler.pauseOperation(id);
}

/**
 * @param since - of the question that the person has seen; undefined: any
 * @throws Refusal where the operation waits for no approval
 */
async function answerOperation(
  { lifecycle }: Context,
  id: string,
  by: string,
  since: string | undefined,
  choose: (open: Approval) => string,
): Promise<void> {
  await lifecycle.answer(id, by, (open, record) => {
    if (open === null) throw notAsking(record);
    if (since !== undefined && since !== open.since) throw anotherQuestion(open, id);
    return choose(open);
  });
}

/** @throws Refusal for a choice that the question does not have */
function chosen(open: Approval, choice: string | undefined, id: string): string {
  const { choices } = open;
  const answer = choice ?? onlyChoice(open);
  if (answer === NO || (answer !== null && choices.includes(answer))) return answer;
  const all = choices.map((each) => JSON.stringify(each)).join(", ");
  if (answer === null)
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `the question of ${id} has several choices, ${all}: ${answerCommand(id, open)}`,
    );
  const near = nearest(answer, choices);
  throw new Refusal(
    "LIVEOPS_BAD_REQUEST",
    `${JSON.stringify(answer)} is none of the choices ${all}`,
    {
      ...(near.length > 0 && { nearest: near }),
    },
  );
}

/** @returns the last record */
export async function removeOperation(context: Context, id: string): Promise<Operation> {
  return context.view.presentWhole(await context.lifecycle.remove(id));
}
