/** `POST /v1/daemon/backup`: copies the state to a new directory and sends its progress every half second. */
import type { BackupLine } from "../../../protocol/stream-lines.js";
import type { Parts } from "../../compose.js";
import type { FeatureRoutes } from "../../feature.js";
import { asRefusal } from "../../http/errors.js";
import { definition } from "../../http/route-definition.js";
import { openStream } from "../../http/routes/streams.js";
import type { Backups } from "./backups.js";

/** Milliseconds between two lines of progress. */
const EVERY_MS = 500;

export const backupRoute =
  ({ log, settings }: Parts, backups: Backups): FeatureRoutes =>
  (app, { connections }, done) => {
    app.route({
      ...definition("backup"),
      handler: (request, reply) => {
        const gone = new AbortController();
        let progress = { files: 0, bytes: 0 };
        const { dir, done } = backups.start(request.body.dir, gone.signal, (now) => {
          progress = now;
        });
        const response = openOrAbort(() => openStream(reply, connections), gone, done);
        const send = (line: BackupLine) => {
          if (!response.writableNeedDrain && !response.destroyed) response.write(`${JSON.stringify(line)}\n`);
        };
        const timer = setInterval(() => send({ type: "progress", ...progress }), EVERY_MS);
        response.on("close", () => gone.abort(new Error("the client closed the connection")));
        const finish = (line: BackupLine) => {
          clearInterval(timer);
          response.end(`${JSON.stringify(line)}\n`);
        };
        done.then(
          ({ at, files, bytes }) => {
            log.info({ dir, files, bytes }, "a backup was written");
            finish({ type: "done", dir, at, files, bytes });
          },
          (error: Error) => {
            log.warn({ err: error, dir }, "a backup could not be written");
            finish({ type: "failed", problem: asRefusal(error, settings.maxBody).toProblem() });
          },
        );
        return reply;
      },
    });
    done();
  };

/** Opens the stream. If too many streams are open, the backup is aborted and removed. */
function openOrAbort<T>(open: () => T, gone: AbortController, done: Promise<unknown>): T {
  try {
    return open();
  } catch (error) {
    done.catch(() => {});
    gone.abort(error);
    throw error;
  }
}
