/** A page in the system's Chromium, driven over the DevTools protocol. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../end-to-end/until.js";
import { pathOf } from "./programs.js";

interface Reply {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

export class Browser {
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #last = 0;
  /** What the page requested, and what its console or its policy reported. */
  readonly requests: string[] = [];
  readonly reports: string[] = [];
  readonly dialogs: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly dir: string,
    private readonly socket: WebSocket,
  ) {
    socket.addEventListener("message", ({ data }) => this.#hear(JSON.parse(String(data)) as Reply));
  }

  static async start(): Promise<Browser> {
    const dir = mkdtempSync(join(tmpdir(), "liveops-browser-"));
    const words = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--remote-debugging-port=0",
      "--no-first-run",
    ];
    const child = spawn(pathOf("chromium"), [...words, `--user-data-dir=${dir}`, "about:blank"], {
      stdio: "ignore",
      detached: true,
      // Chromium leaves a directory of its own in TMPDIR when it is killed.
      env: { PATH: process.env.PATH, HOME: dir, TMPDIR: dir },
    });
    const port = await until("the browser listens", () => {
      try {
        return readFileSync(join(dir, "DevToolsActivePort"), "utf8").split("\n")[0];
      } catch {
        return false;
      }
    });
    const pages = await until("the browser has a page", async () => {
      const found = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as Array<{
        type: string;
        webSocketDebuggerUrl: string;
      }>;
      return found.filter(({ type }) => type === "page").length > 0 && found;
    });
    const socket = new WebSocket(pages.find(({ type }) => type === "page")!.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    const browser = new Browser(child, dir, socket);
    for (const domain of ["Page", "Network", "Runtime", "Log"]) await browser.send(`${domain}.enable`);
    return browser;
  }

  async send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#last;
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result ?? {};
  }

  /** Opens an exported page and waits until its script has run. */
  async open(file: string, hash = ""): Promise<void> {
    await this.send("Page.navigate", { url: "about:blank" });
    this.requests.length = 0;
    this.reports.length = 0;
    await this.send("Page.navigate", { url: `file://${file}${hash}` });
    await until("the page is ready", () => this.run<boolean>('document.readyState === "complete"'));
  }

  /** The value of an expression in the page. */
  async run<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? "the page threw");
    return result.value;
  }

  async close(): Promise<void> {
    this.socket.close();
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    // The browser is a group of processes.
    process.kill(-this.child.pid!, "SIGKILL");
    await ended;
    await until("the directory of the browser is removed", () => {
      rmSync(this.dir, { recursive: true, force: true });
      return true;
    });
  }

  #hear({ id, method, params = {}, ...reply }: Reply): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.(reply);
      this.#waiting.delete(id);
    } else if (method === "Network.requestWillBeSent")
      this.requests.push((params as { request: { url: string } }).request.url);
    else if (method === "Log.entryAdded")
      this.reports.push((params as { entry: { text: string } }).entry.text);
    else if (method === "Runtime.exceptionThrown")
      this.reports.push(JSON.stringify((params as { exceptionDetails: unknown }).exceptionDetails));
    else if (method === "Page.javascriptDialogOpening") {
      this.dialogs.push((params as { message: string }).message);
      void this.send("Page.handleJavaScriptDialog", { accept: true });
    }
  }
}
