/** The setting `notify`. */
import type { Setting, ValueOf } from "../../system/setting.js";
import { CHANNELS_SCHEMA } from "./config-channels.js";

export const notify = {
  description:
    'Channels that tell people what needs them, by name: `{"phone": {"ntfy": {"topic": "builds"}}}`; see [notices](queues.md#notices)',
  default: {},
  schema: CHANNELS_SCHEMA,
} as const satisfies Setting;

/** A channel of notices. */
export type Channel = ValueOf<typeof CHANNELS_SCHEMA>[string];
