/**
 * Limits how long a client waits for the daemon.
 *
 * The kernel still accepts connections for a stopped daemon (SIGSTOP). So while a request waits, a
 * second, small request checks the daemon. Without a reply to both, the daemon is stopped or hangs.
 * With a reply, the first request is slow: for example, a submit whose operation file loads slowly.
 */
import { setTimeout as delay } from "node:timers/promises";
import { elapsedMs } from "../system/elapsed.js";
import { connectionTo } from "./connection.js";
import { NoAnswerError } from "./errors.js";

/** Time limits in milliseconds. */
export interface Deadlines {
  /** Longest time without any reply of the daemon. */
  answer: number;
  /** Longest time for one request while the daemon replies to others. */
  request: number;
  /** Longest time without data on a stream; the daemon sends a ping every 15 s or more often. */
  stream: number;
}

export const DEADLINES: Deadlines = { answer: 10_000, request: 60_000, stream: 45_000 };

export interface Watched {
  socket: string;
  method: string;
  deadlines: Deadlines;
  giveUp(error: NoAnswerError): void;
}

/** Watches one request until `stop`. */
export class Deadline {
  readonly #began = elapsedMs();
  #heard = elapsedMs();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(private readonly watched: Watched) {
    this.#wait();
  }

  /** Call for each received part of the reply. */
  heard(): void {
    this.#heard = elapsedMs();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** Half of the time is for the request, half for the check of the daemon. */
  #wait(): void {
    this.#timer = setTimeout(() => void this.#check(), this.watched.deadlines.answer / 2);
  }

  async #check(): Promise<void> {
    const { deadlines, socket, method, giveUp } = this.watched;
    const half = deadlines.answer / 2;
    const now = elapsedMs();
    if (now - this.#heard >= half) {
      const answered = await answersWithin(socket, half);
      if (this.#stopped) return;
      const silent = this.#heard < now && !answered;
      if (silent) return giveUp(new NoAnswerError(socket, deadlines.answer, method !== "GET"));
    }
    const elapsed = elapsedMs() - this.#began;
    const late = elapsed >= deadlines.request && elapsedMs() - this.#heard >= half;
    if (late) return giveUp(new NoAnswerError(socket, deadlines.request, method !== "GET"));
    this.#wait();
  }
}

/** Whether the daemon sends a complete reply, of any status, within `ms`. */
async function answersWithin(socket: string, ms: number): Promise<boolean> {
  const end = elapsedMs() + ms;
  // Node warns of a negative time, on the terminal of the user.
  const ask = () => answerWithin(socket, Math.max(0, end - elapsedMs()));
  return retryWhileQueueFull(ask, end).catch(() => false);
}

function answerWithin(socket: string, ms: number): Promise<boolean> {
  const { get } = process.getBuiltinModule("node:http");
  return new Promise((resolve, reject) => {
    const request = get({ ...connectionTo(socket, true), path: "/v1/daemon" }, (response) => {
      response.on("end", () => end(true)).on("error", () => end(false));
      response.resume();
    });
    const timer = setTimeout(() => end(false), ms);
    request.on("error", (error) => {
      if (isQueueFull(error)) reject(error);
      end(false);
    });
    function end(answered: boolean): void {
      clearTimeout(timer);
      request.destroy();
      resolve(answered);
    }
  });
}

/** Milliseconds between two tries to connect. */
const AGAIN_MS = 50;

/**
 * Tries to connect until the daemon's queue of connections has room. A daemon with a full queue
 * runs.
 *
 * @param end - time of `elapsedMs` from which the error is thrown
 */
export async function retryWhileQueueFull<T>(
  connect: () => Promise<T>,
  end: number,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!isQueueFull(error) || elapsedMs() >= end) throw error;
    }
    await delay(AGAIN_MS, undefined, { signal }).catch(() => {});
    signal?.throwIfAborted();
  }
}

/** Linux answers EAGAIN to a connect when the queue of the listening Unix socket is full. */
export function isQueueFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EAGAIN";
}
