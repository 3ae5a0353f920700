/** The screens of the log: wrapped, looked through, of JSON lines. */
import { KEY } from "./open.js";
import { backup } from "./operations.js";
import { golden, type Scene, type Shown } from "./scenes.js";
import type { World } from "./world.js";

/** As much as a screen and more, of all stages and streams. */
function longLog(world: World): void {
  world.put(backup({ logLines: 0 }));
  const text = (i: number) =>
    i % 9 === 4
      ? `photos/2024/${i}.jpg: the server was slow, 日本語 👍 tried again, ${"and waited a while, ".repeat(6)}`
      : `photos/2024/${i}.jpg`;
  const lines = Array.from({ length: 302 }, (_, i) => ({
    text: text(i + 1),
    stage: i < 40 ? "Scan" : "Archive",
    stream: i % 9 === 3 ? ("stderr" as const) : ("log" as const),
  }));
  world.log("backupaaaaaa", ...lines);
}

const onLog = async ({ screen, press }: Shown, ...keys: string[]) => {
  await screen.until("302.jpg");
  for (const key of keys) press(key);
};

const SCENES: Scene[] = [
  {
    name: "log-wrapped",
    set: longLog,
    id: "backup",
    async show(opened) {
      await onLog(opened, "w");
      await opened.screen.until(/waited a/);
    },
  },
  {
    name: "log-search",
    whole: true,
    set: longLog,
    id: "backup",
    async show(opened) {
      await onLog(opened, "/", "2024/12", KEY.enter);
      await opened.screen.until("▸photos/2024/129");
      opened.press("N");
      await opened.screen.until("▸photos/2024/128");
      await opened.screen.until(/\d of 11 /);
    },
  },
  {
    name: "log-json",
    set(world) {
      world.put(backup({ logLines: 0 }));
      const json = (record: object) => ({
        text: JSON.stringify(record),
        stream: "stdout" as const,
      });
      world.log(
        "backupaaaaaa",
        json({ level: 30, time: 1767323045000, msg: "listening", port: 8080, host: "build-1" }),
        json({ level: "warn", msg: "slow answer", ms: 2140, path: "/v1/items?q=a b" }),
        json({
          severity: "ERROR",
          message: "cannot reach db",
          err: { code: "ECONNREFUSED", retry: true },
        }),
        json({ rows: 600, table: "orders", note: "\x1b[2J\u202e" }),
        "plain text {not json}",
      );
    },
    id: "backup",
    show: ({ screen }) => screen.until("plain text"),
  },
];

golden(SCENES);
