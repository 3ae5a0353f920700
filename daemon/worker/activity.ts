/**
 * Whether an operation left something going in its process: a timer, a socket, a child. Such a process is not given
 * to another operation.
 */
import { channel } from "node:diagnostics_channel";

let children = 0;
// Node says so for every child that is spawned, whoever spawns it.
channel("child_process").subscribe(() => {
  children++;
});

export class ActivityBaseline {
  readonly #resources = countResources();
  readonly #children = children;

  isQuiet(): boolean {
    if (children !== this.#children) return false;
    for (const [name, count] of countResources()) {
      if (count > (this.#resources.get(name) ?? 0)) return false;
    }
    return true;
  }
}

function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
