/** `GET /v1/operations/:id/log`: a page of the log, read by range, as JSON or as plain text. */
import { Refusal } from "../../../protocol/errors.js";
import { gapAtEnd } from "../../../protocol/record-line.js";
import { isFinal } from "../../../protocol/state.js";
import { pageAfter, pageBefore } from "../../run-files/log-pages.js";
import { isFiltered } from "../../run-files/log-slices.js";
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
        // Plain text has no field for `next`, so the log is searched to its end.
        ...(asText && { most: Number.POSITIVE_INFINITY }),
      };
      const backwards = before !== undefined || tail !== undefined;
      const page = backwards
        ? pageBefore({ ...question, limit: Math.min(tail ?? limit, limit) }, before ?? total + 1)
        : pageAfter({ ...question, limit }, after ?? 0);
      const { lines, next } = await page.catch((error: unknown) => {
        throw isUnreadable(error) ? runFilesRefusal(record.id, error) : error;
      });
      const isEnd = backwards ? before === undefined : next === null;
      if (isEnd && isFinal(record.state) && !isFiltered(question.filter)) {
        const gap = gapAtEnd(lines.at(-1)?.n ?? after ?? 0, total);
        if (gap !== null) question.files.reportLog(record.attempt, gap);
      }
      if (!asText) return { lines, next, total };
      reply.type("text/plain; charset=utf-8");
      return lines.map((line) => `${line.text}\n`).join("");
    },
  });
  done();
};
