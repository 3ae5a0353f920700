/** Keeps a watch stream open: a stream that breaks is opened again, and begins with a snapshot. */
import { remoteOf } from "../../protocol/client/address.js";
import type { Client } from "../../protocol/client/client.js";
import { NoAnswerError, NoDaemonError, UnreachableError } from "../../protocol/client/errors.js";
import { WATCH_PING_MS } from "../../protocol/limits.js";
import type { WatchLine } from "../../protocol/watch.js";
import { hungDaemon } from "../kit/silent-daemon.js";
import { pause, type WatchTarget } from "./core/client.js";

/** Milliseconds before the first new attempt, and at most. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 1000;
/** On another machine, an attempt costs processes there; one that is refused is a failed login. */
const LONGEST_WAIT_REMOTE = 5000;
const REFUSED_WAIT = 30_000;

/** Milliseconds without a line after which the clock of the screen stands: a ping is missing. */
const QUIET_MS = 1.25 * WATCH_PING_MS;
/**
 * Milliseconds without a line after which the daemon does not respond: its first line, or two
 * pings, are missing.
 */
const SILENT_MS = 2.5 * WATCH_PING_MS;
/** Milliseconds for lines that came while this program was stopped. */
const UNREAD_MS = 100;
const SILENT = `It has sent nothing for ${SILENT_MS / 1000} s.`;

interface Stream {
  onLine(line: WatchLine): void;
  onLost(error: unknown): void;
  /** A ping is missing. */
  onQuiet(): void;
  /** The stream brings no line. */
  onSilent(): void;
  /** The first line after that. */
  onHeard(): void;
  /** The wait before the next attempt. */
  wait(milliseconds: number, left: AbortSignal): Promise<void>;
}

async function keepOpen(
  client: Pick<Client, "watch" | "socket">,
  { onLine, onLost, onQuiet, onSilent, onHeard, wait }: Stream,
  left: AbortSignal,
): Promise<void> {
  const longest = remoteOf(client.socket) === null ? LONGEST_WAIT : LONGEST_WAIT_REMOTE;
  let next = FIRST_WAIT;
  while (!left.aborted) {
    let isRefused = false;
    const waits = [new Wait(QUIET_MS, onQuiet), new Wait(SILENT_MS, onSilent)];
    try {
      for await (const line of client.watch({ limit: 200, histories: true }, left)) {
        next = FIRST_WAIT;
        if (waits.map((each) => each.heard()).includes(true)) onHeard();
        if (line.type === "ping") continue;
        onLine(line);
      }
    } catch (error) {
      if (left.aborted) return;
      isRefused = error instanceof UnreachableError && error.kind === "refused";
      onLost(error);
    } finally {
      for (const each of waits) each.stop();
    }
    await wait(isRefused ? REFUSED_WAIT : next, left);
    next = Math.min(next * 2, longest);
  }
}

/**
 * A wait for the next line: a daemon that hangs keeps its connections, and the kernel accepts new
 * ones.
 */
class Wait {
  readonly #timer: NodeJS.Timeout;
  #unread: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    milliseconds: number,
    private readonly onOver: () => void,
  ) {
    this.#timer = setTimeout(() => this.#late(), milliseconds);
  }

  /** A line came. Returns whether the wait was over. */
  heard(): boolean {
    const wasOver = this.#isOver;
    this.#isOver = false;
    clearTimeout(this.#unread);
    this.#timer.refresh();
    return wasOver;
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#unread);
  }

  #late(): void {
    this.#unread = setTimeout(() => {
      this.#isOver = true;
      this.onOver();
    }, UNREAD_MS);
  }
}

/** @param stateDir of the daemon; null: not known */
export function watchDaemon(
  { dispatch, now }: WatchTarget,
  client: Pick<Client, "watch" | "socket">,
  stateDir: string | null,
  left: AbortSignal,
): Promise<void> {
  let isSilent = false;
  const hung = () => hungDaemon(client.socket, stateDir);
  const stream: Stream = {
    onLine: (line) => dispatch({ type: "watched", line }),
    onLost(error) {
      // The client gives up on a silent stream. The process of a daemon that was ended is gone.
      const isHung = error instanceof NoAnswerError || (isSilent && hung().pid !== null);
      const lost = { type: "lost", at: now() } as const;
      dispatch(
        isHung ? { ...lost, reason: SILENT, hung: hung() } : { ...lost, reason: reasonOf(error) },
      );
    },
    onQuiet: () => dispatch({ type: "quiet" }),
    onSilent() {
      isSilent = true;
      dispatch({ type: "lost", reason: SILENT, at: now() - SILENT_MS, hung: hung() });
    },
    onHeard() {
      isSilent = false;
      dispatch({ type: "heard" });
    },
    wait: pause,
  };
  return keepOpen(client, stream, left);
}

const IN_WORDS: Record<string, string> = {
  ENOENT: "The socket does not exist.",
  ECONNREFUSED: "Nothing listens on the socket.",
};

/** The screen says already that no daemon answers and where: only the reason is new. */
function reasonOf(error: unknown): string {
  if (!(error instanceof NoDaemonError)) return (error as Error).message;
  return IN_WORDS[error.reason] ?? error.reason;
}
