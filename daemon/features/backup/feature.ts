/** `POST /v1/daemon/backup`: copies the state of a running daemon. */
import type { MakeFeature } from "../../compose.js";
import { definition } from "../../http/route-definition.js";
import { Backups } from "./backup.js";

export const backup: MakeFeature = ({ layout, log, store }) => {
  const backups = new Backups(store, layout);
  return {
    routes: (app, _options, done) => {
      app.route({
        ...definition("backup"),
        handler: async (request, reply) => {
          const gone = new AbortController();
          reply.raw.on("close", () => gone.abort(new Error("the client closed the connection")));
          const { dir } = request.body;
          try {
            const written = await backups.write(dir, gone.signal);
            log.info({ dir }, "a backup was written");
            return written;
          } catch (error) {
            log.warn({ err: error, dir }, "a backup could not be written");
            throw error;
          }
        },
      });
      done();
    },
    stop: () => backups.stop(),
  };
};
