/** While the machine runs on its battery, no operation starts. */
import { readdirSync, readFileSync } from "node:fs";
import type { Blocked } from "../../../protocol/operation.js";
import { sharedTime } from "../../os/shared-clock.js";
import type { Hold } from "./hold.js";

const SUPPLIES = "/sys/class/power_supply";

export class Battery implements Hold {
  readonly name = "battery";
  #since: string | null = null;

  why(): Blocked | null {
    if (!isOnBattery()) this.#since = null;
    else this.#since ??= sharedTime();
    if (this.#since === null) return null;
    return { reason: "the machine runs on its battery; plug it in", since: this.#since };
  }
}

function isOnBattery(): boolean {
  try {
    const states = readdirSync(SUPPLIES).map((name) => readFileSync(`${SUPPLIES}/${name}/status`, "utf8"));
    return states.some((state) => state.trim() === "Discharging");
  } catch {
    // Not Linux, or no battery.
    return false;
  }
}
