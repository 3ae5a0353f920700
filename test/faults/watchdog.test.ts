/**
 * The daemon's notifications to systemd: a program named `systemd-notify` on its PATH records each
 * call.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ServiceNotifier, type ServiceState } from "../../daemon/os/service-notifier.js";
import { Client } from "../../protocol/client/client.js";
import { newId } from "../../protocol/id.js";
import { useDirectories } from "../harness/temporary.js";
import { World } from "../harness/world.js";
import { runBin } from "./run-bin.js";
import { eventually } from "./start.js";

const directory = useDirectories();

interface FakeNotify {
  /** Directory of the program. */
  bin: string;
  /** What it was told so far: the socket and the words of each call. */
  calls: () => string[];
}

function fakeNotify(): FakeNotify {
  const dir = directory();
  const file = join(dir, "calls");
  const bin = join(dir, "bin");
  mkdirSync(bin);
  const script = `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> '${file}'\n`;
  writeFileSync(join(bin, "systemd-notify"), script, { mode: 0o700 });
  return {
    bin,
    calls: () => (existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []),
  };
}

function pingsOf({ calls }: FakeNotify, socket: string): number {
  return calls().filter((call) => call.startsWith(`${socket} `) && call.includes("WATCHDOG=1"))
    .length;
}

/** A notifier of this process, on the socket `/run/clock` where nothing else is said. */
function startNotifier(
  bin: string,
  given: Record<string, string>,
  state: Partial<ServiceState> = {},
) {
  const env: Record<string, string | undefined> = {
    PATH: `${bin}:${process.env.PATH}`,
    NOTIFY_SOCKET: "/run/clock",
    ...given,
  };
  const notifier = ServiceNotifier.take(env, process.pid)!;
  expect(Object.keys(env)).toEqual(["PATH"]);
  notifier.start({ status: () => "0", waitingMs: () => 0, onFailure: () => {}, ...state });
  return notifier;
}

class Service implements AsyncDisposable {
  readonly world = new World();
  readonly client = new Client(this.world.socket);
  readonly notify = fakeNotify();
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;

  /** As systemd starts it: in the foreground. */
  constructor(env: Record<string, string>) {
    this.#child = spawn(process.execPath, [this.world.bin("liveopsd"), "start", "--foreground"], {
      cwd: this.world.dir,
      stdio: "ignore",
      env: { ...this.env, NOTIFY_SOCKET: "/run/fake", ...env },
    });
    this.ended = new Promise((resolve) => this.#child.once("exit", resolve));
  }

  get env(): Record<string, string> {
    const { env } = this.world;
    return { ...env, PATH: `${this.notify.bin}:${env.PATH}` };
  }

  pings(): number {
    return pingsOf(this.notify, "/run/fake");
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGCONT");
    this.signal("SIGTERM");
    await this.ended;
    await this.world.close();
  }
}

test("READY once it answers, then pings with the counts, STOPPING at the stop; operations cannot notify", async () => {
  await using service = new Service({ WATCHDOG_USEC: "200000" });
  const { client, notify } = service;
  await eventually("READY is sent", () => notify.calls().length > 0);
  expect(notify.calls()[0]).toBe("/run/fake READY=1 STATUS=0 running, 0 queued, 0 to answer");
  await client.daemon();
  const { id } = await client.submit(
    { op: "shell", params: { script: "env; sleep 1000" } },
    newId(),
  );
  await eventually("the status follows", () =>
    notify
      .calls()
      .some((call) => call === "/run/fake WATCHDOG=1 STATUS=1 running, 0 queued, 0 to answer"),
  );
  const environment = await eventually("the operation's environment is logged", async () => {
    let text = "";
    for await (const piece of client.logText(id)) text += piece;
    return text.includes("LIVEOPS_WORKER") && text;
  });
  expect(environment).not.toMatch(/NOTIFY_SOCKET|WATCHDOG/);
  const before = service.pings();
  await eventually("it goes on", () => service.pings() >= before + 3);

  // Its event loop does not turn. Another notifier tells that time passes.
  const clock = startNotifier(notify.bin, { WATCHDOG_USEC: "200000" });
  service.signal("SIGSTOP");
  const stopped = service.pings();
  await eventually("five periods have passed", () => pingsOf(notify, "/run/clock") >= 5);
  clock.end();
  expect(service.pings()).toBeLessThanOrEqual(stopped + 1);
  service.signal("SIGCONT");
  await eventually("it pings again", () => service.pings() > stopped + 2);

  await client.cancel(id);
  service.signal("SIGTERM");
  expect(await service.ended).toBe(0);
  await eventually("the stop is told", () => notify.calls().includes("/run/fake STOPPING=1"));
});

test("a watchdog that is meant for another process is not pinged; READY is sent all the same", async () => {
  const notify = fakeNotify();
  const other = {
    WATCHDOG_USEC: "50000",
    WATCHDOG_PID: String(process.pid + 1),
    NOTIFY_SOCKET: "/run/other",
  };
  const notifiers = [
    startNotifier(notify.bin, other),
    startNotifier(notify.bin, { WATCHDOG_USEC: "50000" }),
  ];
  await eventually("five periods have passed", () => pingsOf(notify, "/run/clock") >= 5);
  expect(notify.calls()).toContain("/run/other READY=1 STATUS=0");
  expect(pingsOf(notify, "/run/other")).toBe(0);
  for (const notifier of notifiers) notifier.end();
});

test("without systemd-notify the daemon runs, and its log says so", async () => {
  await using service = new Service({ PATH: join(tmpdir(), "missing"), WATCHDOG_USEC: "100000" });
  await eventually("it answers", () => service.client.daemon().catch(() => null));
  const log = join(service.world.stateDir, "liveopsd.log");
  await eventually("it is said", () =>
    readFileSync(log, "utf8").includes("systemd was not notified"),
  );
});

test("a daemon in the background notifies nobody", async () => {
  const notify = fakeNotify();
  const world = new World();
  const env = {
    PATH: `${notify.bin}:${world.env.PATH}`,
    NOTIFY_SOCKET: "/run/fake",
    WATCHDOG_USEC: "100000",
  };
  const started = await runBin(
    Object.create(world, { env: { value: { ...world.env, ...env } } }),
    "liveopsd",
    ["start"],
  );
  expect(started.code, started.stderr).toBe(0);
  await runBin(world, "liveopsd", ["stop"]);
  expect(notify.calls()).toEqual([]);
  await world.close();
});

test("no ping while a decision waits for the disk", async () => {
  const notify = fakeNotify();
  let waitingMs = 0;
  let status = "0";
  const notifier = startNotifier(
    notify.bin,
    { WATCHDOG_USEC: "200000" },
    { status: () => status, waitingMs: () => waitingMs },
  );
  const pings = () => pingsOf(notify, "/run/clock");
  await eventually("it pings", () => pings() >= 2);
  waitingMs = 150;
  status = "1";
  await eventually("a status without a ping", () => notify.calls().includes("/run/clock STATUS=1"));
  const before = pings();
  status = "2";
  await eventually("another one", () => notify.calls().includes("/run/clock STATUS=2"));
  expect(pings()).toBe(before);
  waitingMs = 0;
  await eventually("it pings again", () => pings() > before);
  notifier.end();
});
