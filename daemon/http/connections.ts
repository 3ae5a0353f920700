/**
 * Limits the connections, and chooses which connection to close when there are too many.
 *
 * Every connection takes a descriptor, and a daemon without descriptors can open no run file and
 * fork no worker. So a part of the descriptors is reserved, and connections share the rest. At the
 * limit, a new connection replaces the one that has been inactive for longest: first an idle one,
 * then one with an incomplete request, then one whose client reads nothing. If all connections are
 * in use, the new one is refused.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Refusal } from "../../protocol/errors.js";
import type { Log } from "../log/log.js";
import type { LogFields } from "../log/log-keys.js";
import { plainAnswer } from "./errors.js";

/** Descriptors that the daemon itself holds: store, locks, log, socket, index, timers. */
const OWN = 64;

/**
 * Descriptors that a running operation takes: run files, watches, the worker's channel, its output.
 */
const PER_OPERATION = 12;

/**
 * Descriptors that a stream takes in addition to its connection: an event stream reads two files.
 */
const PER_STREAM = 2;

/**
 * The least number of connections, however few descriptors there are: a command must be able to
 * connect.
 */
const LEAST = 16;
const MOST = 1024;

/** Bytes of unfinished bodies that the daemon holds. */
export const BODY_BYTES = 64 * 1024 * 1024;

/** Milliseconds between two warnings about connections in the log. */
const SAY_MS = 60_000;

interface ConnectionLimits {
  connections: number;
  /** Watch and event streams among them. */
  streams: number;
}

/** The limits that fit into the descriptors that the process may have. */
export function connectionLimits(
  concurrency: number,
  descriptors = descriptorLimit(),
): ConnectionLimits {
  // Half of the connections may be streams, each of which takes more descriptors than one.
  const fitting = Math.floor(
    (descriptors - OWN - PER_OPERATION * concurrency) / (1 + PER_STREAM / 2),
  );
  const connections = Math.min(MOST, Math.max(LEAST, fitting));
  return { connections, streams: Math.ceil(connections / 2) };
}

/** The soft limit of open files (RLIMIT_NOFILE). */
export function descriptorLimit(): number {
  try {
    const [, soft] =
      /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    if (soft !== undefined) return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    // No /proc: the lowest limit that systems have.
  }
  return 256;
}

interface Active {
  request: IncomingMessage;
  response: ServerResponse;
  isStream: boolean;
  /** Bytes of its body that have arrived, while it is not complete. */
  bodyBytes: number;
  forgetBody(): void;
}

export class Connections {
  /** Without a request, the longest idle first. */
  readonly #idle = new Set<Socket>();
  /** With a request, the oldest first. */
  readonly #active = new Map<Socket, Active>();
  #streams = 0;
  #bodyBytes = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    server: Server,
    private readonly limits: ConnectionLimits,
    private readonly log: Pick<Log, "warn">,
  ) {
    server.on("connection", (socket: Socket) => this.#connected(socket));
    // First: fastify may read the body in its own listener.
    server.prependListener("request", (request, response) => this.#requested(request, response));
    // Without a listener, an error such as a failed accept would end the daemon.
    server.on("error", (error) => this.#say({ err: error }, "a connection could not be accepted"));
  }

  /**
   * Counts a stream until its response closes.
   *
   * @throws Refusal if too many streams are open
   */
  admitStream(response: ServerResponse): void {
    if (this.#streams >= this.limits.streams) {
      throw new Refusal(
        "LIVEOPS_TOO_MANY_WATCHERS",
        `${this.#streams} watch and event streams are open, and no more are allowed; end some of them (liveopsd ` +
          "status counts them), or raise the limit of open files (ulimit -n)",
      );
    }
    const active = response.socket && this.#active.get(response.socket);
    if (active) active.isStream = true;
    this.#streams++;
    response.once("close", () => this.#streams--);
  }

  /**
   * Counts the body of a request until it is complete. Refuses the oldest unfinished requests where
   * more than the limit has arrived.
   */
  countBody(request: IncomingMessage, limit: number): void {
    const active = this.#active.get(request.socket);
    if (!active) return;
    const count = (chunk: Buffer) => {
      active.bodyBytes += chunk.length;
      this.#bodyBytes += chunk.length;
      while (this.#bodyBytes > limit && this.#refuseBody(limit));
    };
    active.forgetBody = () => {
      request.off("data", count);
      this.#bodyBytes -= active.bodyBytes;
      active.bodyBytes = 0;
    };
    request.on("data", count);
    request.once("close", active.forgetBody);
  }

  /** False if no request is unfinished. */
  #refuseBody(limit: number): boolean {
    const socket = this.#oldest((active) => active.bodyBytes > 0 && isPartial(active));
    const active = socket && this.#active.get(socket);
    if (!active) return false;
    active.forgetBody();
    const refusal = new Refusal(
      "LIVEOPS_TOO_MANY_CONNECTIONS",
      `unfinished requests hold more than ${limit / 1024 / 1024} MiB, and this one is the oldest; send it again`,
    );
    // fastify drops what it has of the body, and answers.
    active.request.emit("error", refusal);
    return true;
  }

  #connected(socket: Socket): void {
    if (this.#idle.size + this.#active.size >= this.limits.connections && !this.#evict()) {
      this.#refuse(socket);
      return;
    }
    this.#idle.add(socket);
    socket.once("close", () => {
      this.#idle.delete(socket);
      this.#active.delete(socket);
    });
  }

  #refuse(socket: Socket): void {
    const { connections } = this.limits;
    this.#say({ count: connections }, "a connection was refused: all others are in use");
    const refusal = new Refusal(
      "LIVEOPS_TOO_MANY_CONNECTIONS",
      `the daemon serves ${connections} connections, and all of them are in use; try again, or raise the ` +
        "limit of open files (ulimit -n)",
    );
    plainAnswer(socket, refusal, 0);
  }

  #requested(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#idle.delete(socket);
    this.#active.set(socket, { request, response, isStream: false, bodyBytes: 0, forgetBody() {} });
    response.once("close", () => {
      // The next request of the pipeline may already be active.
      if (this.#active.get(socket)?.response !== response) return;
      this.#active.delete(socket);
      if (!socket.destroyed) this.#idle.add(socket);
    });
  }

  /** Closes the connection that is needed least; false if all are in use. */
  #evict(): boolean {
    const socket =
      this.#idle.values().next().value ?? this.#oldest(isPartial) ?? this.#oldest(isStuck);
    if (!socket) return false;
    this.#idle.delete(socket);
    this.#active.delete(socket);
    socket.destroy();
    return true;
  }

  #oldest(fits: (active: Active) => boolean): Socket | undefined {
    for (const [socket, active] of this.#active) if (fits(active)) return socket;
    return undefined;
  }

  #say(details: LogFields, message: string): void {
    const now = performance.now();
    if (now - this.#saidAt < SAY_MS) return;
    this.#saidAt = now;
    this.log.warn(details, message);
  }
}

/** Only a part of the request has arrived. */
function isPartial({ request }: Active): boolean {
  return !request.complete;
}

/**
 * The client does not read the answer. A stream that waits is a slow watcher, which may take its
 * time.
 */
function isStuck({ response, isStream }: Active): boolean {
  return !isStream && response.writableLength > 0;
}
