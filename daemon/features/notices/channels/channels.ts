/** The channels: how each kind sends a message. */
import { type ChannelKind, channelKindOf } from "../../../../protocol/features/notices/config-channels.js";
import type { Channel } from "../../../../protocol/features/notices/setting.js";
import { sendByCommand } from "./command.js";
import type { Delivery } from "./delivery.js";
import { sendToDesktop } from "./desktop.js";
import { sendMail } from "./mail.js";
import { webhookOf } from "./webhook.js";

type Settings<K extends ChannelKind> = NonNullable<Channel[K]>;

/** Resolves once the message is taken. @throws Error otherwise */
type Send<K extends ChannelKind> = (settings: Settings<K>, delivery: Delivery) => Promise<void>;

const SENDERS: { readonly [K in ChannelKind]: Send<K> } = {
  command: sendByCommand,
  mail: sendMail,
  desktop: sendToDesktop,
  webhook: webhookOf("webhook"),
  ntfy: webhookOf("ntfy"),
  slack: webhookOf("slack"),
};

export async function send(channel: Channel, delivery: Delivery): Promise<void> {
  const kind = channelKindOf(channel);
  // Each setting is a text, so that the settings with the values have the type of the channel's.
  const settings = delivery.secrets.read(channel) as never;
  await (SENDERS[kind] as Send<ChannelKind>)(settings, delivery);
}
