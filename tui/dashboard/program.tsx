/**
 * The dashboard on a terminal: Ink's options, the order of resizing, and one way out.
 *
 * Streams, size and clock are passed in, so that a test can put a screen of its own behind it.
 */
import { render } from "ink";
import { Client } from "../../protocol/client/client.js";
import type { Notify } from "../../protocol/command/config.js";
import { Surroundings } from "./around/surroundings.js";
import { suspension } from "./around/suspend.js";
import type { Flags } from "./command/liveops.js";
import { Dashboard } from "./components/Dashboard.js";
import { FrameWriter } from "./output/frame-writer.js";
import { hasFewGlyphs, withPlainGlyphs } from "./output/plain-glyphs.js";
import { paintFor } from "./screen/palette-of.js";
import { initialState, type Size } from "./state/model.js";
import { type Clock, SteadyClock } from "./steady-clock.js";
import { Store } from "./store.js";

export interface ProgramOptions {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  env: Record<string, string | undefined>;
  socket: string;
  /** Default: a client that asks on `socket` only. */
  client?: Client;
  /** The operation of the command line, or a prefix of its id. */
  id?: string | null;
  /** The flags of the command line that name the daemon: the commands we show need them as well. */
  flags?: Flags;
  /** What tells that an operation ended while nobody looked. */
  notify?: Notify;
  /** `env.allow` of the config file: the variables that a submit sends. */
  allow?: readonly string[] | undefined;
  clock?: Clock;
}

export interface Exit {
  code: number;
  /** For stderr, once the terminal is its own again. */
  message: string | null;
}

export interface Program {
  /** Settles when the screen is gone; rejects with what broke it. */
  readonly done: Promise<Exit>;
  /** Gives the terminal back at once; `done` settles with this code. */
  close(code: number): void;
}

export function startDashboard(options: ProgramOptions): Program {
  const {
    stdin,
    stdout,
    env,
    socket,
    client = new Client(socket),
    id = null,
    flags = {},
    notify = true,
    allow,
    clock = new SteadyClock(),
  } = options;
  const state = initialState({ size: sizeOf(stdout), now: clock.now(), socket, id, flags });
  const store = new Store(state, paintFor(stdout, env), clock);
  const dashboard = () => <Dashboard store={store} client={client} suspendable={suspending} allow={allow} />;
  const surroundings = new Surroundings({ stdin, stdout, env, notify });
  const suspending = suspension(surroundings, store.drawn);

  // Registered before Ink's own listener: the frame that Ink then draws has the new size already, so that no row
  // of the old one can wrap.
  const resized = () => {
    store.dispatch({ type: "resized", size: sizeOf(stdout) });
    instance.rerender(dashboard());
  };
  stdout.on("resize", resized);

  const instance = render(dashboard(), {
    stdin,
    stdout: new FrameWriter(stdout, hasFewGlyphs(env) ? withPlainGlyphs : undefined).stream(),
    alternateScreen: true,
    // Whole frames, each at once: the writer finds what changed, and the store keeps the pace.
    debug: true,
    patchConsole: false,
    exitOnCtrlC: false,
    interactive: true,
    // Ink's own lines for INK_SCREEN_READER are no frames; ours are another program.
    isScreenReaderEnabled: false,
  });

  surroundings.begin(store.drawn());
  store.subscribe(() => surroundings.show(store.drawn()));

  let exit: Exit = { code: 0, message: null };
  const close = (code: number) => {
    exit = { ...exit, code };
    instance.unmount();
  };
  store.subscribe(() => {
    const { quit } = store.state;
    if (quit === null) return;
    exit = quit;
    // Not while React is being told: it would be taken down in the middle of it.
    queueMicrotask(() => instance.unmount());
  });

  const gone = instance.waitUntilExit().finally(() => {
    store.stop();
    suspending.stop();
    surroundings.stop();
    stdout.off("resize", resized);
  });
  return { done: gone.then(() => exit), close };
}

function sizeOf(stdout: NodeJS.WriteStream): Size {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}
