/** Mail, by the sendmail program of this machine or by an SMTP server. */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { delimiter, join } from "node:path";
import { userName } from "../../../../protocol/client/client-header.js";
import type { Channel } from "../../../../protocol/system/config-settings.js";
import { bodyOf } from "../message.js";
import { type Delivery, DeliveryError } from "./delivery.js";

type Settings = NonNullable<Channel["mail"]>;

/** How long each step of the conversation with a server may take, in ms. */
const STEP_MS = 8000;

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export async function sendMail(settings: Settings, delivery: Delivery): Promise<void> {
  const { message, secrets, signal, host } = delivery;
  const user = settings.user === undefined ? undefined : secrets.valueOf(settings.user);
  const from = settings.from === undefined ? defaultSender(user) : secrets.valueOf(settings.from);
  const transport = await transportFor(settings, user, delivery);
  // A server that hangs is left.
  const leave = () => transport.close();
  signal.addEventListener("abort", leave);
  try {
    await transport.sendMail({
      from,
      to: secrets.valueOf(settings.to),
      subject: message.title,
      text: `${bodyOf(message)}\n`,
      messageId: `<${message.id}@liveops.${host.replace(/[^\w.-]/g, "")}>`,
      // No other program answers it, as with an absence.
      headers: { "Auto-Submitted": "auto-generated" },
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new DeliveryError(`the mail was not sent: ${(error as Error).message}`);
  } finally {
    signal.removeEventListener("abort", leave);
    transport.close();
  }
}

async function transportFor(
  { smtp, password }: Settings,
  user: string | undefined,
  { secrets, env }: Delivery,
) {
  const { createTransport } = await import("./nodemailer.js");
  if (smtp === undefined)
    return createTransport({ sendmail: true, path: sendmailPath(env), newline: "unix" });
  const { hostname: server, port, protocol } = new URL(smtp);
  const pass = password === undefined ? undefined : secrets.valueOf(password);
  return createTransport({
    host: server.replace(/^\[|\]$/g, ""),
    ...(port !== "" && { port: Number(port) }),
    secure: protocol === "smtps:",
    ...(user !== undefined && { auth: { user, pass } }),
    // A password never crosses a network in clear.
    requireTLS: user !== undefined && protocol === "smtp:" && !LOOPBACK.test(server),
    ...{ connectionTimeout: STEP_MS, greetingTimeout: STEP_MS, socketTimeout: STEP_MS, dnsTimeout: STEP_MS },
  });
}

/** @throws DeliveryError where there is none */
function sendmailPath({ PATH = "" }: Record<string, string | undefined>): string {
  const dirs = [...PATH.split(delimiter).filter(Boolean), "/usr/sbin", "/usr/lib"];
  const path = dirs.map((dir) => join(dir, "sendmail")).find((file) => existsSync(file));
  if (path !== undefined) return path;
  throw new DeliveryError(
    "this machine has no sendmail: install one, or name a server with smtp=smtp://HOST:587",
  );
}

function defaultSender(user: string | undefined): string {
  return user?.includes("@") ? user : `liveops <${userName()}@${hostname()}>`;
}
