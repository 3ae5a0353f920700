/**
 * The paths of the state directory in a worker. They lead through an open descriptor, so that a
 * worker that outlives its daemon works on when the directory is moved. Without /proc they are the
 * paths of the start.
 */
import { constants, existsSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { OrderMessage, WorkerSetup } from "./messages.js";

export class StatePaths {
  readonly #root: string;
  readonly #anchor: string;

  constructor({ lockFile }: Pick<WorkerSetup, "lockFile">) {
    this.#root = dirname(dirname(lockFile));
    // Open as long as this process runs.
    const fd = openSync(this.#root, constants.O_RDONLY | constants.O_DIRECTORY);
    const link = `/proc/self/fd/${fd}`;
    this.#anchor = existsSync(link) ? link : this.#root;
  }

  setup(setup: WorkerSetup): WorkerSetup {
    return {
      ...setup,
      lockFile: this.#path(setup.lockFile),
      stdoutFile: this.#path(setup.stdoutFile),
      stderrFile: this.#path(setup.stderrFile),
      eventsFile: this.#path(setup.eventsFile),
      stampsDir: this.#path(setup.stampsDir),
    };
  }

  order(order: OrderMessage): OrderMessage {
    return {
      ...order,
      attemptDir: this.#path(order.attemptDir),
      valuesDir: order.valuesDir && this.#path(order.valuesDir),
      earlier: order.earlier.map((place) => ({ ...place, file: this.#path(place.file) })),
    };
  }

  /** The text with the paths as a person knows them. */
  shown(text: string): string {
    return text.replaceAll(`${this.#anchor}/`, `${this.#root}/`);
  }

  #path(path: string): string {
    return path.startsWith(`${this.#root}/`) ? this.#anchor + path.slice(this.#root.length) : path;
  }
}
