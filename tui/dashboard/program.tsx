/**
 * The dashboard on a terminal: Ink's options, the parts and how they are connected, and one way
 * out. Streams, size and clock are passed in, so that a test can put a screen of its own behind it.
 */
import { unwatchFile, watchFile } from "node:fs";
import { render } from "ink";
import { Client } from "../../protocol/client/client.js";
import type { Alert, Config } from "../../protocol/system/config-settings.js";
import { readLooked, writeLooked } from "../describe/looked.js";
import { App } from "./App.js";
import { ACTIONS, type KeyConfig, withKeys } from "./actions.js";
import type { DashboardClient } from "./core/client.js";
import { initialState, type Size } from "./core/model.js";
import type { Flags } from "./core/request.js";
import { Effects } from "./effects.js";
import { type Clock, SteadyClock, Store } from "./store.js";
import { ReportFilter, TerminalInput } from "./terminal/input.js";
import { TerminalIntegration } from "./terminal/integration.js";
import { suspension } from "./terminal/suspend.js";

/** How often other dashboards and commands are asked whether a person looked, in ms. */
const LOOKED_MS = 1000;

export interface ProgramOptions {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  env: Record<string, string | undefined>;
  socket: string;
  /** Of the daemon on `socket`; null: not known. */
  stateDir?: string | null;
  /** Default: a client that asks on `socket` only. */
  client?: DashboardClient;
  /** Until when the person has looked; null: it is not remembered. */
  lookedFile?: string | null;
  /** The operation of the command line, or a prefix of its id. */
  id?: string | null;
  /** The flags of the command line that name the daemon: the commands we show need them as well. */
  flags?: Flags;
  alert?: Alert;
  /** `env.allow` of the config file: the variables that a submit sends. */
  allow?: readonly string[] | undefined;
  theme?: Config["theme"];
  keys?: KeyConfig | undefined;
  clock?: Clock;
}

/** What the dashboard shows. */
export type Shown = Pick<
  ProgramOptions,
  "socket" | "stateDir" | "client" | "id" | "flags" | "clock"
>;

export interface Exit {
  code: number;
  /** For stderr, once the terminal is restored. */
  message: string | null;
}

export interface Program {
  /** Settles when the screen is gone; rejects with what broke it. */
  readonly done: Promise<Exit>;
  /** Gives the terminal back at once; `done` settles with this code. */
  close(code: number): void;
}

/** @throws UsageError if `keys` names no action */
export function startDashboard(options: ProgramOptions): Program {
  const { stdin, stdout, env, socket, id = null } = options;
  const { client = new Client(socket), flags = {}, lookedFile = null } = options;
  const isDaemon = client instanceof Client;
  const clock =
    options.clock ?? (isDaemon ? new SteadyClock(() => client.now()) : new SteadyClock());
  if (isDaemon) client.onClock = (time) => clock.heard?.(time);
  const actions = withKeys(ACTIONS, options.keys ?? {});
  const looked = () => (lookedFile === null ? null : readLooked(lookedFile));
  if (lookedFile !== null && looked() === null) writeLooked(lookedFile, clock.now());
  const state = initialState({
    size: sizeOf(stdout),
    now: clock.now(),
    looked: looked() ?? clock.now(),
    socket,
    id,
    flags,
    actions,
  });
  const isReady = () => !stdout.writableNeedDrain;
  const store = new Store(state, clock, (effects) => running.run(effects), isReady);
  const filter = new ReportFilter({
    background: (colour) => store.dispatch({ type: "background", colour }),
  });
  const input = new TerminalInput(stdin, filter);
  const integration = new TerminalIntegration({
    stdout,
    env,
    alert: options.alert ?? true,
    filter,
  });
  const suspending = suspension(integration, store.drawn);
  const running = new Effects({
    client,
    allow: options.allow,
    dispatch: store.dispatch,
    state: () => store.state,
    now: store.now,
    suspend: (meanwhile) =>
      meanwhile === undefined ? suspending.suspend() : suspending.leave(meanwhile),
    write: (data) => integration.write(data),
    env,
    lookedFile,
    flags,
    stateDir: options.stateDir ?? null,
  });
  const terminal = { stdout, env, choice: options.theme };
  const app = () => <App store={store} terminal={terminal} onSuspendable={suspending.use} />;

  // Registered before Ink's own listener: the frame that Ink then draws has the new size already,
  // so that no row of the old one can wrap.
  const resized = () => {
    store.dispatch({ type: "resized", size: sizeOf(stdout) });
    instance.rerender(app());
  };
  stdout.on("resize", resized);
  const drained = () => store.ready();
  stdout.on("drain", drained);
  const heard = () => store.dispatch({ type: "looked", until: looked() ?? 0 });
  if (lookedFile !== null) watchFile(lookedFile, { interval: LOOKED_MS }, heard);

  const instance = render(app(), {
    stdin: input as unknown as NodeJS.ReadStream,
    stdout,
    alternateScreen: true,
    incrementalRendering: true,
    // The store keeps the pace; a lower limit here would delay the answer to a key.
    maxFps: 250,
    patchConsole: false,
    exitOnCtrlC: false,
    interactive: true,
    // Ink's own lines for INK_SCREEN_READER are no frames; ours are another program.
    isScreenReaderEnabled: false,
  });

  let exit: Exit = { code: 0, message: null };
  const close = (code: number) => {
    exit = { ...exit, code };
    instance.unmount();
  };
  store.subscribe(() => integration.show(store.drawn()));
  store.subscribe(() => {
    const { quit } = store.drawn();
    if (quit === null) return;
    exit = quit;
    // Not while React is being told: it would be taken down in the middle of it.
    queueMicrotask(() => instance.unmount());
  });
  integration.begin(store.drawn());
  // The first message: it starts what the state wants from the beginning.
  store.dispatch({ type: "started" });

  const gone = instance.waitUntilExit().finally(() => {
    store.stop();
    running.stop();
    suspending.stop();
    integration.end();
    input.setRawMode(false);
    stdout.off("resize", resized);
    stdout.off("drain", drained);
    if (lookedFile !== null) unwatchFile(lookedFile, heard);
    return integration.flushed();
  });
  return { done: gone.then(() => exit), close };
}

function sizeOf(stdout: NodeJS.WriteStream): Size {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}
