/** The notices of one channel on their way: when they are sent, what a failure means, what the status says. */

import { channelKindOf } from "../../../protocol/features/notices/config-channels.js";
import type { Channel } from "../../../protocol/features/notices/setting.js";
import type { Notice } from "../../../protocol/notices.js";
import { orAborted } from "../../../protocol/system/until.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { send } from "./channels/channels.js";
import { DeliveryError } from "./channels/delivery.js";
import { messageOf } from "./message.js";
import type { Outbox } from "./outbox.js";
import { FLOOD_MS, nextMessage, quietFor, retryDelay } from "./pace.js";
import { Secrets } from "./secrets.js";

/** How long a delivery may take, in ms. */
const DELIVERY_MS = 15_000;

/** A notice that could not be delivered for so long is given up, in ms. */
const GIVE_UP_MS = 3 * 24 * 3600 * 1000;

/** Longest pause before the wall clock is read again, in ms: the machine may have slept. */
const LONGEST_WAIT_MS = 20_000;

export interface ChannelQueueOptions {
  name: string;
  outbox: Outbox;
  host: string;
  /** Environment of the daemon, which has the secrets. */
  env: Record<string, string | undefined>;
  /** Environment of the programs that a channel starts. */
  childEnv(): Record<string, string>;
  /** The channel began to fail, or works again. */
  onChange(problem: string | null): void;
  now(): Date;
}

export class ChannelQueue {
  sent = 0;
  dropped = 0;
  lastSentAt: string | null = null;
  /** Why the last message was not taken; null: it was. */
  problem: string | null = null;
  #failures = 0;
  #retryAt = 0;
  #lastSent: number | null = null;
  /** When each notice that waits came, and when the last ones came, by the monotonic clock. */
  readonly #came = new Map<string, number>();
  #recent: number[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  readonly #stop = new AbortController();
  #isStopped = false;

  constructor(
    readonly channel: Channel,
    private readonly options: ChannelQueueOptions,
  ) {
    this.#checkSecrets();
    this.arm();
  }

  add(notice: Notice, after: number | null): void {
    const { name, outbox } = this.options;
    const now = performance.now();
    this.#came.set(notice.id, now);
    this.#recent = [...this.#recent.filter((at) => at > now - FLOOD_MS), now];
    this.dropped += outbox.add(name, notice, after);
    this.arm();
  }

  /** Drops a notice that waits, if it does. */
  drop(id: string): void {
    const { name, outbox } = this.options;
    const gone = outbox.waiting(name).filter((notice) => notice.id === id);
    if (gone.length > 0) this.#settle(gone);
  }

  /** Sends a message of its own at once. @throws Error where it is not taken */
  async sendNow(notice: Notice): Promise<void> {
    await this.#send([notice]);
    this.arm();
  }

  report() {
    const { name, outbox } = this.options;
    const { sent, dropped, lastSentAt, problem } = this;
    return {
      channel: name,
      kind: channelKindOf(this.channel),
      waiting: outbox.waiting(name).length,
      sent,
      dropped,
      lastSentAt,
      problem,
    };
  }

  /** Leaves what waits to the next daemon. Resolves once no delivery is under way. */
  async stop(graceMs: number): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    const timer = setTimeout(() => this.#stop.abort(), graceMs);
    this.#isStopped = true;
    await this.#sending;
    clearTimeout(timer);
    this.#stop.abort();
  }

  /** Sets the timer for the next message. */
  arm(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isStopped || this.#sending !== null) return;
    const now = performance.now();
    const next = this.#next(now);
    if (next === null) return;
    const wait = Math.min(LONGEST_WAIT_MS, Math.max(0, next.at - now));
    this.#timer = setTimeout(() => this.#look(), wait);
    this.#timer.unref();
  }

  #next(now: number) {
    const { name, outbox } = this.options;
    const quiet = quietFor(this.channel.quiet, this.options.now());
    return nextMessage(
      {
        waiting: outbox.waiting(name).map(({ id }) => this.#came.get(id) ?? 0),
        recent: this.#recent,
        lastSentAt: this.#lastSent,
        retryAt: this.#retryAt,
        quietUntil: quiet === 0 ? 0 : now + quiet,
      },
      now,
    );
  }

  #look(): void {
    const now = performance.now();
    const next = this.#next(now);
    if (next === null || next.at > now) {
      this.arm();
      return;
    }
    const { name, outbox } = this.options;
    const notices = outbox.waiting(name).slice(0, next.count);
    this.#sending = this.#deliver(notices).finally(() => {
      this.#sending = null;
      this.arm();
    });
  }

  async #deliver(notices: readonly Notice[]): Promise<void> {
    try {
      await this.#send(notices);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#failed(error as Error, notices);
      return;
    }
    this.#lastSent = performance.now();
    this.#settle(notices);
    this.sent += notices.length;
  }

  async #send(notices: readonly Notice[]): Promise<void> {
    const { host, env, childEnv, now } = this.options;
    const secrets = new Secrets(env);
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(DELIVERY_MS)]);
    const message = messageOf(notices, host);
    try {
      // A channel that does not heed the signal is left.
      await orAborted(send(this.channel, { message, secrets, host, env: childEnv(), signal }), signal);
    } catch (error) {
      const text = signal.aborted ? `no reply in ${DELIVERY_MS / 1000} s` : (error as Error).message;
      const retryAfter = error instanceof DeliveryError ? error.retryAfter : null;
      throw new DeliveryError(sanitize(secrets.masker.maskOutgoing(text)), retryAfter);
    }
    this.lastSentAt = now().toISOString();
    this.#failures = 0;
    this.#retryAt = 0;
    this.#tell(null);
  }

  #failed(error: Error, notices: readonly Notice[]): void {
    this.#failures++;
    const asked = error instanceof DeliveryError ? error.retryAfter : null;
    this.#retryAt = performance.now() + retryDelay(this.#failures, asked, Math.random());
    this.#tell(error.message);
    const oldest = this.options.now().getTime() - GIVE_UP_MS;
    const old = notices.filter(({ at }) => Date.parse(at) < oldest);
    if (old.length === 0) return;
    this.dropped += old.length;
    this.#settle(old);
  }

  #settle(notices: readonly Notice[]): void {
    this.options.outbox.remove(this.options.name, notices);
    for (const { id } of notices) this.#came.delete(id);
  }

  #tell(problem: string | null): void {
    const hasChanged = (problem === null) !== (this.problem === null);
    this.problem = problem;
    if (hasChanged) this.options.onChange(problem);
  }

  /** A setting that cannot be used is said before the first notice is lost for it. */
  #checkSecrets(): void {
    try {
      new Secrets(this.options.env).read(this.channel);
      this.#tell(null);
    } catch (error) {
      this.#tell((error as Error).message);
    }
  }
}
