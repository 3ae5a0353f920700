/**
 * How long a client waits for the daemon.
 *
 * A daemon that is stopped (SIGSTOP) still takes connections: the kernel does that for it. So a request that hears
 * nothing asks the daemon a second, small question. No answer to that either means that the daemon does nothing; an
 * answer means that the request takes long, as a submit does whose operation file takes long to load.
 */
import { NoAnswerError } from "./errors.js";

/** Milliseconds. */
export interface Deadlines {
  /** Without any answer of the daemon. */
  answer: number;
  /** Until a request is answered by a daemon that does answer others. */
  request: number;
  /** Without a byte on a stream, which the daemon sends a ping every 15 s. */
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
  readonly #began = performance.now();
  #heard = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(private readonly watched: Watched) {
    this.#wait();
  }

  /** Something of the answer came. */
  heard(): void {
    this.#heard = performance.now();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** Half of the time is for the request, half for the question whether the daemon lives. */
  #wait(): void {
    this.#timer = setTimeout(() => void this.#check(), this.watched.deadlines.answer / 2);
  }

  async #check(): Promise<void> {
    const { deadlines, socket, method, giveUp } = this.watched;
    const half = deadlines.answer / 2;
    const now = performance.now();
    if (now - this.#heard >= half) {
      const answered = await answersWithin(socket, half);
      if (this.#stopped) return;
      const silent = this.#heard < now && !answered;
      if (silent) return giveUp(new NoAnswerError(socket, deadlines.answer, method !== "GET"));
    }
    const elapsed = performance.now() - this.#began;
    const late = elapsed >= deadlines.request && performance.now() - this.#heard >= half;
    if (late) return giveUp(new NoAnswerError(socket, deadlines.request, method !== "GET"));
    this.#wait();
  }
}

/** Whether the daemon gives a whole answer within so many ms, whatever its status. */
function answersWithin(socketPath: string, ms: number): Promise<boolean> {
  const { get } = process.getBuiltinModule("node:http");
  return new Promise((resolve) => {
    const request = get({ socketPath, path: "/v1/daemon", agent: false }, (response) => {
      response.on("end", () => end(true)).on("error", () => end(false));
      response.resume();
    });
    const timer = setTimeout(() => end(false), ms);
    request.on("error", () => end(false));
    function end(answered: boolean): void {
      clearTimeout(timer);
      request.destroy();
      resolve(answered);
    }
  });
}
