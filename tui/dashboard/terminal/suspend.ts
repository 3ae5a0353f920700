/**
 * Ctrl-Z: the terminal is given back, the whole job is stopped, and after `fg` the screen is drawn
 * anew. What runs in the daemon is not touched by any of it.
 */
import type { State } from "../core/model.js";
import type { TerminalIntegration } from "./integration.js";

/** Ink's: gives the terminal back, calls, takes it again and draws everything. */
export type SuspendTerminal = (callback: () => Promise<void> | void) => Promise<void>;

export function suspension(integration: TerminalIntegration, state: () => State) {
  let terminal: SuspendTerminal | null = null;
  let away = false;
  let stopped = false;

  async function leave(meanwhile: () => Promise<void> | void): Promise<void> {
    if (away || terminal === null) return;
    away = true;
    try {
      await terminal(async () => {
        integration.end();
        await integration.flushed();
        await meanwhile();
      });
      // The dashboard may end while another program has the terminal.
      if (!stopped) integration.begin(state());
    } finally {
      away = false;
    }
  }

  /**
   * With its handler gone the signal stops the process here; the job's other processes, a shell's
   * npx, stop with it.
   */
  function stopJob(): void {
    process.off("SIGTSTP", suspend);
    try {
      process.kill(0, "SIGTSTP");
    } finally {
      process.on("SIGTSTP", suspend);
    }
  }

  const suspend = () => void leave(stopJob);
  /**
   * Stopped and continued from outside, without ctrl-Z: somebody else may have drawn on the screen.
   */
  const continued = () => void leave(() => {});
  process.on("SIGTSTP", suspend);
  process.on("SIGCONT", continued);

  return {
    suspend,
    /** For as long as another program has the terminal. */
    leave: (meanwhile: () => Promise<void>) => void leave(meanwhile),
    /** Ink's function comes with the first render. */
    use(given: SuspendTerminal): void {
      terminal = given;
    },
    stop(): void {
      stopped = true;
      process.off("SIGTSTP", suspend);
      process.off("SIGCONT", continued);
    },
  };
}
