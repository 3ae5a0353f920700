/** Many connections to a Unix socket, read or never read, and the data that they received. */
import { connect, type Socket } from "node:net";

export class Readers {
  lines = 0;
  bytes = 0;
  readonly #sockets: Socket[] = [];

  /** @param request - sent first over each connection; null sends nothing */
  static async open(
    path: string,
    count: number,
    request: string | null,
    { reading }: { reading: boolean },
  ): Promise<Readers> {
    const readers = new Readers();
    for (let n = 0; n < count; n++) await readers.#open(path, request, reading);
    return readers;
  }

  async #open(path: string, request: string | null, reading: boolean): Promise<void> {
    const socket = connect(path);
    this.#sockets.push(socket);
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    if (request !== null) socket.write(request);
    if (!reading) {
      socket.pause();
      return;
    }
    socket.on("data", (chunk) => {
      this.bytes += chunk.length;
      for (let at = chunk.indexOf(END); at !== -1; at = chunk.indexOf(END, at + 2)) this.lines++;
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** End of a line of JSON. The chunk lengths of HTTP do not end like this. */
const END = "}\n";

/** The HTTP request of a watcher. */
export const watchRequest = (query: string) => `GET /v1/watch?${query} HTTP/1.1\r\nhost: liveops\r\n\r\n`;
