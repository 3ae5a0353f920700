/**
 * Lets people attach to the terminal of an attempt's program. The daemon connects to the worker's
 * socket for each person, so that the terminal outlives the daemon.
 *
 * The program waits only moments for a person who reads slowly. After that the person misses
 * output, and gets the present screen when there is room again.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { foregroundGroup } from "../../ops/programs/input-wait.js";
import { DEFAULT_SIZE, type TerminalSize } from "../../ops/programs/pty.js";
import type { OpenTerminal, TerminalHost } from "../../ops/programs/terminals.js";
import { LineSplitter } from "../../protocol/ndjson.js";
import type { InputBody } from "../../protocol/requests.js";
import { atMost } from "../../protocol/system/until.js";
import {
  type FromTerminal,
  type SocketPath,
  type ToTerminal,
  terminalSocket,
} from "../run-files/terminal-socket.js";

/** Bytes that may wait for a person. */
const MAX_WAITING_BYTES = 512 * 1024;
/** Longest time for which the program waits for a person. */
const HOLD_MS = 1000;
/** Bytes that a program may leave unread while it prints nothing. */
const MAX_UNREAD_BYTES = 1024 * 1024;
const PING_MS = 15_000;
/** Longest wait for people to read the end of the output. */
const FLUSH_MS = 1000;

class Viewer {
  /** Too much waits for this person. */
  isFull = false;
  /** This person missed output. */
  isBehind = false;
  constructor(readonly socket: Socket) {}
}

export class TerminalServer implements TerminalHost {
  size: TerminalSize = DEFAULT_SIZE;
  #server: Server | null = null;
  #socketPath: SocketPath | null = null;
  #current: OpenTerminal | null = null;
  readonly #sockets = new Set<Socket>();
  readonly #viewers = new Set<Viewer>();
  #holdTimer: NodeJS.Timeout | null = null;
  #unread = 0;
  readonly #onOutput = (bytes: Buffer) => this.#output(bytes);

  /** @param onProblem - called with the reason why nobody can attach */
  constructor(
    private readonly attemptDir: string,
    private readonly onProblem: (reason: string) => void,
  ) {}

  changed(current: OpenTerminal | null): void {
    this.#endAll();
    this.#current?.terminal.output.off("data", this.#onOutput);
    this.#current = current;
    this.#unread = 0;
    if (current === null) return;
    current.terminal.output.on("data", this.#onOutput);
    this.#listen();
  }

  /** Resolves when attached people have the end of the output, or do not read it. */
  async close(): Promise<void> {
    this.#endAll();
    this.#server?.close();
    if (this.#sockets.size > 0) await this.#flushed();
    for (const socket of this.#sockets) socket.destroy();
    this.#socketPath?.release();
    this.#socketPath = null;
  }

  #flushed(): Promise<void> {
    const open = [...this.#sockets].map((socket) => {
      // Nothing else keeps the process alive now.
      socket.ref();
      return new Promise<void>((done) => void socket.once("close", () => done()));
    });
    return atMost(FLUSH_MS, Promise.all(open));
  }

  #listen(): void {
    if (this.#server !== null) return;
    this.#server = createServer((socket) => this.#connected(socket)).unref();
    this.#server.on("error", (error) => this.onProblem(error.message));
    try {
      mkdirSync(this.attemptDir, { recursive: true, mode: 0o700 });
      this.#socketPath = terminalSocket(this.attemptDir);
      const { path } = this.#socketPath;
      // A worker that was killed before it accepted this attempt may have left a socket.
      rmSync(path, { force: true });
      // Binds at once.
      this.#server.listen(path);
      chmodSync(path, 0o600);
    } catch (error) {
      this.onProblem((error as Error).message);
    }
  }

  #connected(socket: Socket): void {
    socket.unref();
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    const lines = new LineSplitter((line) => {
      const asked = JSON.parse(line) as ToTerminal;
      if (asked.type === "attach") this.#attach(socket);
      else socket.end(encode(this.#type(asked)));
    });
    socket.on("data", (chunk: Buffer) => {
      try {
        lines.push(chunk);
      } catch {
        socket.destroy();
      }
    });
  }

  #attach(socket: Socket): void {
    const current = this.#current;
    if (current === null) {
      socket.end(encode({ type: "refused", reason: "no program runs on a terminal now" }));
      return;
    }
    const viewer = new Viewer(socket);
    this.#viewers.add(viewer);
    const pings = setInterval(
      () => viewer.isFull || socket.write(encode({ type: "ping" })),
      PING_MS,
    ).unref();
    socket.on("drain", () => this.#drained(viewer));
    socket.on("close", () => {
      clearInterval(pings);
      this.#viewers.delete(viewer);
      if (!this.#isAnyFull()) this.#release();
    });
    this.#send(viewer, screenLine(current));
    repaint(current);
  }

  #type({ text = "", data = "", size, number }: InputBody): FromTerminal {
    const current = this.#current;
    if (!current?.terminal.isOpen) return { type: "refused", reason: "its program has ended" };
    const { terminal } = current;
    const reason = number === undefined ? null : current.refusal(number);
    if (reason !== null) return { type: "unasked", reason };
    const bytes = Buffer.concat([Buffer.from(text), Buffer.from(data, "base64")]);
    if (this.#unread + bytes.length > MAX_UNREAD_BYTES)
      return { type: "refused", reason: "its program does not read what is typed" };
    if (size) {
      terminal.resize(size);
      this.size = terminal.size;
    }
    if (bytes.length > 0) {
      this.#unread += bytes.length;
      terminal.write(bytes);
    }
    return { type: "typed", size: terminal.size };
  }

  #output(bytes: Buffer): void {
    this.#unread = 0;
    if (this.#viewers.size === 0) return;
    const line = encode({ type: "output", data: bytes.toString("base64") });
    for (const viewer of this.#viewers) if (!viewer.isBehind) this.#send(viewer, line);
  }

  #send(viewer: Viewer, line: string): void {
    const { socket } = viewer;
    socket.write(line);
    if (viewer.isFull || socket.writableLength < MAX_WAITING_BYTES) return;
    viewer.isFull = true;
    this.#hold();
  }

  #drained(viewer: Viewer): void {
    viewer.isFull = false;
    if (viewer.isBehind && this.#current !== null) {
      viewer.isBehind = false;
      this.#send(viewer, screenLine(this.#current));
    }
    if (!this.#isAnyFull()) this.#release();
  }

  #isAnyFull(): boolean {
    return [...this.#viewers].some(({ isFull, isBehind }) => isFull && !isBehind);
  }

  #hold(): void {
    if (this.#holdTimer !== null) return;
    this.#current?.terminal.hold(true);
    this.#holdTimer = setTimeout(() => {
      for (const viewer of this.#viewers) if (viewer.isFull) viewer.isBehind = true;
      this.#release();
    }, HOLD_MS);
  }

  #release(): void {
    if (this.#holdTimer === null) return;
    clearTimeout(this.#holdTimer);
    this.#holdTimer = null;
    this.#current?.terminal.hold(false);
  }

  #endAll(): void {
    this.#release();
    for (const { socket } of this.#viewers) socket.end(encode({ type: "end" }));
    this.#viewers.clear();
  }
}

function encode(line: FromTerminal): string {
  return `${JSON.stringify(line)}\n`;
}

function screenLine({ screen }: OpenTerminal): string {
  return encode({ type: "output", data: screen.replay().toString("base64"), screen: true });
}

/**
 * A full-screen program draws its screen anew on SIGWINCH, also where the kept output does not
 * reach back far enough.
 */
function repaint({ screen, terminal }: OpenTerminal): void {
  const group = screen.isAlternate ? foregroundGroup(terminal.pid) : null;
  try {
    if (group !== null) process.kill(-group, "SIGWINCH");
  } catch {
    // The group has ended, or belongs to another user.
  }
}
