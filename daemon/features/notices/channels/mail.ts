/** Mail, by the sendmail program of this machine or by an SMTP server. */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { delimiter, join } from "node:path";
import { userName } from "../../../../protocol/client/client-header.js";
import { isLoopback } from "../../../../protocol/features/notices/config-channels.js";
import type { Channel } from "../../../../protocol/features/notices/setting.js";
import { bodyOf } from "../message.js";
import { type Delivery, DeliveryError } from "./delivery.js";

type Settings = NonNullable<Channel["mail"]>;

/** How long each step of the conversation with a server may take, in ms. */
const STEP_MS = 8000;

export async function sendMail(settings: Settings, delivery: Delivery): Promise<void> {
  const { message, signal, host } = delivery;
  const { to, from = defaultSender(settings.user) } = settings;
  const { addressesProblem, createTransport } = await import("./nodemailer.js");
  for (const name of ["to", "from"] as const) {
    const problem = addressesProblem(settings[name] ?? to);
    if (problem !== null) throw new DeliveryError(`${name} ${problem}`);
  }
  const transport = createTransport(transportOf(settings, delivery));
  // A server that hangs is left.
  const leave = () => transport.close();
  signal.addEventListener("abort", leave);
  try {
    await transport.sendMail({
      from,
      to,
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

function transportOf({ smtp, user, password = "" }: Settings, { secrets, env }: Delivery) {
  if (smtp === undefined) return { sendmail: true, path: sendmailPath(env), newline: "unix" };
  const { hostname: server, port, protocol } = new URL(smtp);
  // A server may quote the command with which it does not accept them: AUTH PLAIN, AUTH LOGIN.
  for (const sent of [`\0${user}\0${password}`, password])
    secrets.masker.add(Buffer.from(sent).toString("base64"));
  return {
    host: server.replace(/^\[|\]$/g, ""),
    ...(port !== "" && { port: Number(port) }),
    secure: protocol === "smtps:",
    ...(user !== undefined && { auth: { user, pass: password } }),
    // A password never crosses a network in clear.
    requireTLS: user !== undefined && protocol === "smtp:" && !isLoopback(server),
    connectionTimeout: STEP_MS,
    greetingTimeout: STEP_MS,
    socketTimeout: STEP_MS,
    dnsTimeout: STEP_MS,
  };
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
