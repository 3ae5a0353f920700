/** The channels of notices in replies of the daemon. */
import * as z from "zod/mini";
import { doc } from "../../schema/doc.js";
import { CHANNEL_KIND_NAMES } from "./config-channels.js";

/** A channel of notices, as the daemon sees it. */
export const channelReply = z.object({
  channel: z.string(),
  kind: z.enum(CHANNEL_KIND_NAMES),
  waiting: doc(z.int(), "notices that are not delivered yet"),
  sent: doc(z.int(), "notices that were delivered since the start of the daemon"),
  dropped: doc(z.int(), "notices that were given up since then"),
  lastSentAt: z.nullable(z.iso.datetime()),
  problem: doc(z.nullable(z.string()), "why the last message was not taken; null: it was"),
});

export const channelTestReply = z.object({
  problem: doc(z.nullable(z.string()), "why the test notice was not taken; null: it was"),
});

export type ChannelReply = z.infer<typeof channelReply>;
