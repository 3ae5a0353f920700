/** Tells a person by channels what has happened. */
import { maskerOf } from "../../../ops/secrets/masker.js";
import type { MakeFeature } from "../../compose.js";
import { firstOf } from "../../feature.js";
import { definition } from "../../http/route-definition.js";
import { Notices } from "./notices.js";

export const notices: MakeFeature = ({ bus, settings, store, log, layout, engine, now, features }) => {
  const sender = new Notices({
    bus,
    settings,
    store,
    log,
    file: layout.notices,
    host: engine.hosts.name,
    isOurs: (entry) => engine.ownsHooks(entry),
    runsHere: (entry) => engine.runsHere(entry),
    reasonOf: (record) => firstOf(features, (feature) => feature.reasonOf?.(record)) ?? [],
    maskerOf: (id) => maskerOf(store.find(id)?.env ?? {}, store.secrets.get(id)),
    now: () => new Date(now()),
  });
  return {
    routes: (app, _options, done) => {
      app.route({
        ...definition("testChannel"),
        handler: async ({ params }) => ({ problem: await sender.test(params.channel) }),
      });
      done();
    },
    start: () => sender.start(),
    stop: () => sender.stop(),
    alarm: (text) => sender.alarm(text),
    report: () => ({ channels: sender.report() }),
  };
};
