/** Generates the tables of docs/queues.md from the events and the kinds of channels. */

import { CHANNEL_KIND_NAMES, CHANNEL_KINDS } from "../../protocol/features/notices/config-channels.js";
import { DEFAULT_EVENTS, EVENT_NAMES, NOTICE_EVENTS } from "../../protocol/notices.js";
import { code, type Regions, table } from "./markdown.js";

export function noticeRegions(): Regions {
  const events = EVENT_NAMES.map((name) => [
    code(name),
    NOTICE_EVENTS[name],
    DEFAULT_EVENTS.includes(name) ? "yes" : "no",
  ]);
  const kinds = CHANNEL_KIND_NAMES.flatMap((kind) => {
    const { description, properties, ...rest } = CHANNEL_KINDS[kind];
    const required: readonly string[] = "required" in rest ? rest.required : [];
    const settings = Object.entries<{ description: string }>(properties);
    return [
      [code(kind), "", description],
      ...settings.map(([name, it]) => [
        "",
        code(name),
        `${it.description}${required.includes(name) ? " (required)" : ""}`,
      ]),
    ];
  });
  return {
    events: table(["event", "tells that", "by default"], events),
    kinds: table(["kind", "setting", "meaning"], kinds),
  };
}
