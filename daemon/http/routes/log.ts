/**
 * `GET /v1/operations/:id/log`: a page of the log, read by range, as JSON, or as plain text, which
 * needs no page.
 */
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import { gapAtEnd } from "../../../protocol/record-line.js";
import { MAX_PAGE } from "../../../protocol/requests.js";
import { isFinal } from "../../../protocol/state.js";
import { type LogQuestion, pageAfter, pageBefore, textAfter } from "../../run-files/log-pages.js";
import { isFiltered, prefixOf } from "../../run-files/log-slices.js";
import { isUnreadable, runFilesRefusal } from "../../run-files/unreadable.js";
import { definition, type RoutePlugin } from "../route-definition.js";

export const logRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("log"),
    handler: async ({ params, query, headers }, reply) => {
      const { id } = (await context.view.find(params.id)).record;
      await context.runs.bring([id]);
      const { record } = await context.view.find(id);
      const { after, before, tail, limit, match, stage, step, stream } = query;
      if ([after, before, tail].filter((given) => given !== undefined).length > 1) {
        throw new Refusal("LIVEOPS_BAD_REQUEST", "give one of after, before and tail");
      }
      // Lines that are written while the page is read are not part of it.
      const total = record.logLines;
      const asText = headers.accept?.includes("text/plain") === true;
      const question = {
        files: context.runs.of(record.id),
        filter: { match, stage, step, stream },
        isGone: () => reply.raw.destroyed,
      };
      if (asText) reply.type("text/plain; charset=utf-8");
      const backwards = before !== undefined || tail !== undefined;
      try {
        if (asText && !backwards && limit === undefined) {
          const pieces = wholeText(question, after ?? 0, record);
          // What cannot be read is refused before the reply begins.
          const { value: first = "" } = await pieces.next();
          const untyped: FastifyReply = reply;
          return untyped.send(Readable.from(joined(first, pieces)));
        }
        const most = limit ?? MAX_PAGE;
        const page = backwards
          ? pageBefore({ ...question, limit: Math.min(tail ?? most, most) }, before ?? total + 1)
          : pageAfter({ ...question, limit: most }, after ?? 0);
        const { lines, next } = await page;
        const isEnd = backwards ? before === undefined : next === null;
        if (isEnd) reportEnd(question, lines.at(-1)?.n ?? after ?? 0, record);
        if (!asText) return { lines, next, total };
        return lines.map((line) => `${prefixOf(line)}${line.text}\n`).join("");
      } catch (error) {
        throw isUnreadable(error) ? runFilesRefusal(record.id, error) : error;
      }
    },
  });
  done();
};

type Question = Omit<LogQuestion, "limit">;

async function* wholeText(
  question: Question,
  after: number,
  record: Operation,
): AsyncGenerator<string> {
  let last = after;
  for await (const { text, seen } of textAfter(question, after)) {
    last = seen;
    yield text;
  }
  reportEnd(question, last, record);
}

async function* joined(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

/**
 * Reports lines that are missing at the end of a finished log. @param last - number of the last
 * line that was read
 */
function reportEnd(
  { files, filter }: Question,
  last: number,
  { state, attempt, logLines }: Operation,
): void {
  if (!isFinal(state) || isFiltered(filter)) return;
  const gap = gapAtEnd(last, logLines);
  if (gap !== null) files.reportLog(attempt, gap);
}
