/** A notification of the desktop of this machine. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./command.js";
import { type Delivery, DeliveryError } from "./delivery.js";

/** The body of `notify-send` is markup, in which `<` and `&` are escaped. */
const NOTIFY_SEND =
  'exec notify-send --app-name=liveops --urgency="$LIVEOPS_URGENCY" -- "$LIVEOPS_NOTICE_TITLE" "$LIVEOPS_MARKUP"';

const OSASCRIPT =
  `exec osascript -e 'on run argv' -e 'display notification (item 2 of argv) with title (item 1 of argv)' ` +
  `-e 'end run' -- "$LIVEOPS_NOTICE_TITLE" "$LIVEOPS_NOTICE_TEXT"`;

export async function sendToDesktop(
  _settings: object,
  delivery: Delivery,
  platform: string = process.platform,
): Promise<void> {
  const { message, env } = delivery;
  if (platform === "darwin") return runProgram(delivery, OSASCRIPT);
  const markup = [...message.lines, ...message.next.map((command) => `$ ${command}`)]
    .join("\n")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;");
  try {
    await runProgram({ ...delivery, env: { ...busOf(process.env), ...env } }, NOTIFY_SEND, "", {
      LIVEOPS_URGENCY: message.isUrgent ? "critical" : "normal",
      LIVEOPS_MARKUP: markup,
    });
  } catch (error) {
    const { message: text } = error as Error;
    if (!/exited with 127/.test(text)) throw error;
    throw new DeliveryError("there is no notify-send: install it (the package libnotify or libnotify-bin)");
  }
}

/** Where the desktop session is. A service has no variables of it, and the session's bus has a fixed place. */
function busOf(env: Record<string, string | undefined>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
  ])
    if (env[name]) kept[name] = env[name];
  const bus = join(kept.XDG_RUNTIME_DIR ?? `/run/user/${process.getuid?.() ?? 0}`, "bus");
  if (kept.DBUS_SESSION_BUS_ADDRESS === undefined && existsSync(bus))
    kept.DBUS_SESSION_BUS_ADDRESS = `unix:path=${bus}`;
  return kept;
}
