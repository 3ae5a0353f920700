/** `liveops notify ls`: the channels of the config file, and what the daemon says of them. */
import type { Command } from "commander";
import {
  type ChannelKind,
  channelKindOf,
  isReference,
} from "../../../protocol/features/notices/config-channels.js";
import type { ChannelReply } from "../../../protocol/features/notices/reply.js";
import type { Channel } from "../../../protocol/features/notices/setting.js";
import { DEFAULT_EVENTS, DEFAULT_LONGER_THAN } from "../../../protocol/notices.js";
import { readConfig } from "../../../protocol/system/config.js";
import { configFile } from "../../../protocol/system/places.js";
import { placesOf } from "../../cli/config/config.js";
import { daemonOf } from "../../cli/config/config-daemon.js";
import { allOptions, type GlobalOptions } from "../../kit/options.js";
import { addListOptions, givenListOutput, type ListOutputOptions } from "../../kit/output/options.js";
import { printList } from "../../kit/output/print.js";
import type { TableSpec } from "../../kit/output/table.js";
import { say } from "../../kit/report.js";
import { formatDuration } from "../../terminal/format.js";

/** A channel of the config file, and what the daemon says of it. */
type Listed = Omit<Channel, ChannelKind> &
  Pick<ChannelReply, "channel" | "kind"> & {
    to: string;
    /** Null: no daemon has the channel. */
    daemon: Omit<ChannelReply, "channel" | "kind"> | null;
  };

const CHANNELS: TableSpec<Listed> = {
  columns: [
    { name: "channel", about: "Name", text: (it) => it.channel, atLeast: 8 },
    { name: "kind", about: "Kind", text: (it) => it.kind },
    { name: "to", about: "Where it sends, without secrets", text: (it) => it.to, atLeast: 8 },
    { name: "events", about: "Events that it tells", text: eventsOf, atLeast: 8 },
    { name: "for", about: "Operations that it is for", text: filterOf, atLeast: 6, optional: true },
    { name: "quiet", about: "Hours without notices", text: (it) => it.quiet ?? "", optional: true },
    {
      name: "waiting",
      about: "Notices that wait",
      text: (it) => String(it.daemon?.waiting ?? ""),
      align: "right",
    },
    {
      name: "note",
      about: "Why the last notice was not taken",
      text: (it) => it.daemon?.problem ?? "",
      atLeast: 8,
    },
    { name: "sent", about: "Notices sent since the start of the daemon", text: sentOf, only: "wide" },
  ],
  firstToShrink: ["events", "to", "for", "note"],
  firstToGo: ["sent", "events", "quiet", "for", "to", "note", "waiting", "kind"],
};

function eventsOf({ events, longerThan = DEFAULT_LONGER_THAN }: Listed): string {
  if (events === undefined || events.join() === DEFAULT_EVENTS.join()) return "all but finished";
  const all = events.map((event) =>
    event === "finished" ? `finished after ${formatDuration(longerThan)}` : event,
  );
  return all.join(", ");
}

function filterOf({ op, queue, label }: Listed): string {
  const of = (name: string, patterns: string[] | undefined) =>
    patterns === undefined || patterns.length === 0 ? [] : [`${name} ${patterns.join(" or ")}`];
  return [...of("op", op), ...of("queue", queue), ...of("label", label)].join(", ");
}

function sentOf({ daemon }: Listed): string {
  if (daemon === null) return "";
  return daemon.dropped === 0 ? String(daemon.sent) : `${daemon.sent}, ${daemon.dropped} given up`;
}

export function addChannelListOptions(command: Command): Command {
  return addListOptions(command, CHANNELS, "Print the channels as a JSON array", { times: null });
}

export async function listChannels(command: Command): Promise<void> {
  const options = allOptions<ListOutputOptions & GlobalOptions>(command);
  const output = givenListOutput(options, CHANNELS);
  const config = readConfig();
  const { to } = placesOf(command);
  const daemon = await daemonOf(options, config);
  const records = Object.entries(config.notify ?? {}).map(([name, channel]) =>
    listed(name, channel, daemon?.channels),
  );
  if (daemon !== null && daemon.config.file !== configFile(process.env))
    say(to, `the running daemon (pid ${daemon.pid}) reads another file: ${daemon.config.file}`, "yellow");
  else if (daemon?.config.changed) say(to, "the config file was changed; run: liveops reload", "yellow");
  if (records.length === 0 && (output.format === "table" || output.format === "wide")) {
    process.stderr.write("there are no channels; add one: liveops notify add ntfy topic=my-builds\n");
    return;
  }
  const context = { now: Date.now(), time: output.time };
  await printList({ spec: CHANNELS, records, context, nameOf: ({ channel }) => channel }, output);
}

function listed(name: string, channel: Channel, channels: readonly ChannelReply[] = []): Listed {
  const kind = channelKindOf(channel);
  const { events = [...DEFAULT_EVENTS], longerThan, op, queue, label, quiet } = channel;
  const reply = channels.find((each) => each.channel === name && each.kind === kind);
  const { channel: _name, kind: _kind, ...daemon } = reply ?? {};
  return {
    channel: name,
    kind,
    to: placeOf(channel),
    events,
    ...(longerThan !== undefined && { longerThan }),
    ...(op && { op }),
    ...(queue && { queue }),
    ...(label && { label }),
    ...(quiet !== undefined && { quiet }),
    daemon: reply === undefined ? null : (daemon as Listed["daemon"]),
  };
}

/** Where a channel sends. The path of a URL may be a secret. */
function placeOf({ ntfy, slack, mail, webhook, command }: Channel): string {
  const short = (url: string) => (isReference(url) ? url : `${URL.parse(url)?.origin ?? ""}/…`);
  if (ntfy) return `${ntfy.topic}${ntfy.server === undefined ? "" : ` at ${short(ntfy.server)}`}`;
  if (slack) return slack.url;
  if (mail) return `${mail.to}${mail.smtp === undefined ? "" : ` by ${mail.smtp}`}`;
  if (webhook) return short(webhook.url);
  return command?.run ?? "this desktop";
}
