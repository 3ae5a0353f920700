/**
 * A TCP relay between a host and its server, which a test pauses in either direction, cuts, or
 * makes a black hole.
 *
 * A paused direction keeps what it holds: the bytes arrive after `resume`, as after a partition of
 * the network. The end of a connection is such a byte too, so a client behind a paused direction
 * does not learn that the server is gone.
 */
import { once } from "node:events";
import {
  type AddressInfo,
  createServer,
  connect as dial,
  type Server,
  type Socket,
} from "node:net";

export type Direction = "to-server" | "to-client";

export const DIRECTIONS: readonly Direction[] = ["to-server", "to-client"];

/** Where the server listens. A test may change it, such as to a standby that was promoted. */
export type RelayTarget = { port: number; host?: string } | { path: string };

export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #paused = new Set<Direction>();
  #within: { lastBytes: number; isThere: () => void } | null = null;
  /** Bytes that were forwarded so far. */
  readonly bytes: Record<Direction, number> = { "to-server": 0, "to-client": 0 };

  private constructor(
    server: Server,
    /** Counts for connections that are accepted from now on. */
    public target: RelayTarget,
  ) {
    this.#server = server;
    server.on("connection", (client: Socket) => {
      const link = new Link(
        client,
        (direction, chunk) => {
          const length = direction === "to-server" ? this.#forwarded(chunk) : chunk.length;
          this.bytes[direction] += length;
          return length;
        },
        () => this.#links.delete(link),
      );
      this.#links.add(link);
      for (const direction of this.#paused) link.pause(direction);
      if (this.#paused.size < DIRECTIONS.length) link.reach(this.target);
    });
  }

  static async start(target: RelayTarget): Promise<Relay> {
    // Without half-open sockets, Node would end a direction that the relay has paused.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Relay(server, target);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#links.size;
  }

  /** Forwards nothing in the direction, also on connections that are opened later. */
  pause(direction: Direction): void {
    this.#paused.add(direction);
    for (const link of this.#links) link.pause(direction);
  }

  /**
   * Pauses `to-server` in the middle of the next request: its last bytes are held back, so that the
   * server has the most of it and waits. Resolves when that has happened.
   */
  pauseWithinRequest(lastBytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#within = { lastBytes, isThere: resolve };
    return promise;
  }

  /** Bytes of a chunk to the server that are forwarded now. */
  #forwarded(chunk: Buffer): number {
    const within = this.#within;
    if (within === null || chunk.length <= within.lastBytes) return chunk.length;
    this.#within = null;
    this.pause("to-server");
    within.isThere();
    return chunk.length - within.lastBytes;
  }

  /**
   * Accepts connections and forwards nothing: the server never hears of those that are opened from
   * now on.
   */
  blackHole(): void {
    for (const direction of DIRECTIONS) this.pause(direction);
  }

  /** Forwards what was held back, and all that follows. Default: in both directions. */
  resume(...directions: Direction[]): void {
    for (const direction of directions.length > 0 ? directions : DIRECTIONS)
      this.#paused.delete(direction);
    for (const link of this.#links) {
      link.reach(this.target);
      for (const direction of DIRECTIONS) if (!this.#paused.has(direction)) link.resume(direction);
    }
  }

  /** Destroys every connection; both ends learn of it. New connections are accepted. */
  cut(): void {
    for (const link of this.#links) link.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** One connection of a client, with its connection to the server once it is there. */
class Link {
  #server: Socket | null = null;
  readonly #paused = new Set<Direction>();

  constructor(
    private readonly client: Socket,
    /** How many bytes of a chunk are forwarded; the others follow after a pause. */
    private readonly admit: (direction: Direction, chunk: Buffer) => number,
    private readonly onGone: () => void,
  ) {
    client.pause();
    client.on("error", () => {});
    client.on("close", () => this.#ended("to-server"));
  }

  /** Connects to the server, once. */
  reach(target: RelayTarget): void {
    if (this.#server !== null || this.client.destroyed) return;
    const server = dial({ ...target, allowHalfOpen: true, noDelay: true });
    this.#server = server;
    server.on("error", () => {});
    server.on("close", () => this.#ended("to-client"));
    this.#forward("to-server", this.client, server);
    this.#forward("to-client", server, this.client);
  }

  pause(direction: Direction): void {
    this.#paused.add(direction);
    this.#source(direction)?.pause();
  }

  resume(direction: Direction): void {
    if (!this.#paused.delete(direction)) return;
    const source = this.#source(direction);
    if (source?.destroyed) this.destroy();
    else source?.resume();
  }

  destroy(): void {
    this.client.destroy();
    this.#server?.destroy();
    this.onGone();
  }

  #source(direction: Direction): Socket | null {
    return direction === "to-server" ? this.client : this.#server;
  }

  #forward(direction: Direction, from: Socket, to: Socket): void {
    from.on("data", (chunk: Buffer) => {
      const length = this.admit(direction, chunk);
      if (length < chunk.length) from.unshift(chunk.subarray(length));
      if (!to.write(chunk.subarray(0, length))) from.pause();
    });
    to.on("drain", () => {
      if (!this.#paused.has(direction)) from.resume();
    });
    from.on("end", () => to.end());
    if (this.#paused.has(direction)) from.pause();
    else from.resume();
  }

  /**
   * The source of the direction is gone. The other end learns it when the direction is not paused.
   */
  #ended(direction: Direction): void {
    if (!this.#paused.has(direction)) this.destroy();
  }
}
