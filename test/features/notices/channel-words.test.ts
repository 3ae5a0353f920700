/** The words of `liveops notify add` become a channel, or are refused without a secret in the message. */
import { expect, test } from "vitest";
import { UsageError } from "../../../protocol/failures.js";
import { channelFrom } from "../../../tui/features/notices/add.js";

const secret = "xoxb-my-secret";

test("settings and limits become a channel, with absolute paths of secrets", () => {
  const { channel } = channelFrom("slack", [`url=file:${import.meta.filename}`], {
    events: ["failed"],
    longerThan: "1h",
    op: ["backup*"],
  });
  expect(channel).toEqual({
    slack: { url: `file:${import.meta.filename}` },
    events: ["failed"],
    longerThan: 3600,
    op: ["backup*"],
  });
});

test.each<[string, string[], string, object?]>([
  ["telegram", ["chat=1"], 'no kind of channel "telegram"\nkinds: ntfy, slack,'],
  ["discord", ["url=x"], "did you mean slack?"],
  ["ntfy", [], "ntfy: needs topic\nntfy takes topic, server, token, and needs topic"],
  ["ntfy", ["tpic=x"], 'ntfy has no "tpic"; did you mean topic?'],
  ["ntfy", ["topic"], 'ntfy: "topic" is not setting=value'],
  ["ntfy", ["topic=a", "topic=b"], "ntfy: topic was given more than once"],
  ["ntfy", ["topic=a", "server=ftp://x"], "ntfy: server must be an http or https URL"],
  ["webhook", ["url=example.org"], "webhook: url must be an http or https URL"],
  ["webhook", ["url=https://me:pw@example.org"], "webhook: url must hold no user and password"],
  ["slack", [`url=https://hooks.slack.com/${secret}`], "slack: url must be env:NAME or file:PATH"],
  ["slack", ["url=file:none"], "slack: url: the file cannot be read: ENOENT"],
  ["slack", ["url=env:1X"], "slack: url must be env:NAME or file:PATH"],
  ["mail", ["to=a@b", "smtp=mail:25"], "mail: smtp must be a URL such as smtp://"],
  ["mail", ["to=a@b", `password=${secret}`], "mail: password must be env:NAME or file:PATH"],
  ["mail", ["to=nonsense"], "mail: to must be mail addresses separated by commas, such as"],
  ["mail", ["to=a@b", "from=a@b\nBcc: c@d"], "mail: from must be mail addresses"],
  ["desktop", ["icon=x"], 'desktop has no "icon"; it takes none'],
  ["ntfy", ["topic=x"], 'there is no event "fail"\ndid you mean failed?', { events: ["fail"] }],
  ["ntfy", ["topic=x"], '--longer-than: "soon" is not a duration', { longerThan: "soon" }],
])("%s %j is refused: %s", (kind, words, problem, options) => {
  const refused = (() => {
    try {
      return channelFrom(kind, words, options);
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(UsageError);
  const { message, hint = "" } = refused as UsageError;
  expect(`${message}\n${hint}`).toContain(problem);
  expect(`${message}\n${hint}`).not.toContain(secret);
});
