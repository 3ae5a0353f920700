/** The running daemon, and what a change of the config file means for it. */
import { existsSync } from "node:fs";
import { ConnectionLostError, NoAnswerError, NoDaemonError } from "../../../protocol/client/errors.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { Refusal } from "../../../protocol/errors.js";
import type { DaemonReply, QueueReply, ReloadReply } from "../../../protocol/replies.js";
import { DEFAULT_QUEUE } from "../../../protocol/submit-fields.js";
import { readConfig } from "../../../protocol/system/config.js";
import { type Config, RELOAD } from "../../../protocol/system/config-settings.js";
import { socketPath, stateDir } from "../../../protocol/system/places.js";
import { shellQuote } from "../../../protocol/text/shell-quote.js";
import type { GlobalOptions } from "../../kit/options.js";
import { type ReportTo, say } from "../../kit/report.js";

/** Milliseconds that a daemon may take to answer. */
const ANSWER_MS = 2000;

function clientOf(options: GlobalOptions, config: Config) {
  const { env } = process;
  const places = {
    socket: socketPath(options, env, config),
    stateDir: stateDir(options, env, config),
    config,
  };
  return clientFor(places, options, { answer: ANSWER_MS });
}

/** The daemon of this machine that these settings select; null: none answers. Other machines have own config files. */
export async function daemonOf(options: GlobalOptions, config: Config): Promise<DaemonReply | null> {
  if (options.fleet !== undefined || options.remote !== undefined) return null;
  try {
    return await clientOf(options, config).daemon();
  } catch (error) {
    if (isGone(error) || error instanceof NoAnswerError || error instanceof Refusal) return null;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof NoDaemonError || error instanceof ConnectionLostError;
}

/**
 * Lets the running daemon read the changed file, and says what takes effect when.
 *
 * @param changed settings
 * @param before settings that select the daemon
 */
export async function tellDaemon(
  changed: ReadonlyArray<keyof Config>,
  file: string,
  options: GlobalOptions,
  before: Config,
  to: ReportTo,
): Promise<void> {
  const isOfQueues = changed.includes("queues") || changed.includes("concurrency");
  const daemon = await daemonOf(options, before);
  let reply: ReloadReply | "other" | null = null;
  if (daemon !== null && daemon.config?.file === file)
    try {
      reply = await clientOf(options, before).reload();
    } catch (error) {
      if (!isGone(error) && !(error instanceof NoAnswerError) && !(error instanceof Refusal)) throw error;
      reply = "other";
    }
  for (const note of changeNotes(changed, daemon, reply, readConfig())) say(to, note, "yellow");
  if (isOfQueues && reply !== null && reply !== "other" && reply.config.problem === null) {
    const { queues } = await clientOf(options, before).queues();
    for (const note of queueNotes(changed, readConfig(), queues, daemon?.flags.concurrency ?? null))
      say(to, note, "yellow");
  }
  if (daemon !== null && daemon.config?.file !== file && existsSync(file))
    say(to, `the running daemon (pid ${daemon.pid}) reads another file: ${daemon.config?.file}`, "yellow");
}

/**
 * When the changed settings take effect, a line each. Pure.
 *
 * @param reply `other`: the daemon did not reload
 * @param config what the file says now
 */
export function changeNotes(
  changed: ReadonlyArray<keyof Config>,
  daemon: DaemonReply | null,
  reply: ReloadReply | "other" | null,
  config: Config,
): string[] {
  const notes: string[] = [];
  const note = (keys: ReadonlyArray<keyof Config>, says: string) => {
    if (keys.length > 0) notes.push(`${keys.join(", ")}: ${says}`);
  };
  const known = changed.filter((key) => Object.hasOwn(RELOAD, key));
  note(
    known.filter((key) => RELOAD[key] === "dashboard"),
    "in effect when liveops-tui starts the next time",
  );
  note(
    known.filter((key) => RELOAD[key] === "command"),
    "in effect at the next command",
  );
  const its = known.filter((key) => RELOAD[key] === "live" || RELOAD[key] === "restart");
  if (its.length === 0) return notes;
  if (daemon === null) note(its, "in effect at the next liveops start; no daemon runs");
  else if (reply === "other") note(its, "the daemon did not read the file; run: liveops restart");
  if (daemon === null || reply === null || reply === "other") return notes;
  const { pid, applied } = reply;
  const { problem, restart } = reply.config;
  if (problem !== null) return [...notes, `the daemon (pid ${pid}) keeps its settings: ${problem}`];
  note(
    its.filter((key) => applied.includes(key)),
    `in effect; the daemon (pid ${pid}) has read the file`,
  );
  note(
    its.filter((key) => restart.includes(key)),
    "in effect after: liveops restart (running operations continue)",
  );
  const others = its.filter((key) => !applied.includes(key) && !restart.includes(key));
  const flagged = others.filter((key) => isFlagged(key, daemon.flags));
  const flags = flagged.map((key) => flagOf(key, config[key])).join(" ");
  note(
    flagged,
    `the daemon was started with a flag, which wins, also after a restart; to change it: liveops restart ${flags}; to drop all flags: liveops stop, then liveops start`,
  );
  note(
    others.filter((key) => !flagged.includes(key)),
    "the daemon has this value already",
  );
  return notes;
}

/**
 * The queues whose concurrency a command has set, which overrides the config file. Pure.
 *
 * @param flag `--concurrency` of the daemon, which overrides both
 */
export function queueNotes(
  changed: ReadonlyArray<keyof Config>,
  { concurrency, queues: configured = {} }: Config,
  queues: ReadonlyArray<Pick<QueueReply, "name" | "concurrency">>,
  flag: number | null,
): string[] {
  const slots = new Map<string, number | undefined>();
  if (changed.includes("concurrency") && flag === null) slots.set(DEFAULT_QUEUE, concurrency);
  if (changed.includes("queues"))
    for (const [name, queue] of Object.entries(configured)) slots.set(name, queue.concurrency);
  return queues
    .filter(({ name, concurrency: its }) => (slots.get(name) ?? its) !== its)
    .map(
      ({ name, concurrency: its }) =>
        `the queue ${name}: liveops queue set has set ${its}, which overrides the file; to use that of the file: liveops queue set ${name} --concurrency config`,
    );
}

/** `--concurrency 2`: the setting as a flag of the daemon. */
function flagOf(key: keyof Config, value: unknown): string {
  const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const isPlain = typeof value === "string" || typeof value === "number";
  return `--${name} ${isPlain ? shellQuote(String(value)) : "VALUE"}`;
}

function isFlagged(
  key: keyof Config,
  { concurrency, logLevel, metrics, fleet }: DaemonReply["flags"],
): boolean {
  const given: Partial<Record<keyof Config, unknown>> = {
    concurrency,
    logLevel,
    metrics,
    fleet: fleet.url,
  };
  return (given[key] ?? null) !== null;
}
