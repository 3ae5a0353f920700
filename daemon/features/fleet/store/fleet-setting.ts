/** Settings that all hosts of a fleet share: the queues and the schedules. */
import type { Setting } from "../../../store/setting.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { SettingRow } from "../engine/rows.js";

export class FleetSetting<T> implements Setting<T> {
  #value: T;
  /** Version of the row; null if there is no row. */
  #version: number | null = null;
  readonly #listeners: Array<() => void> = [];

  constructor(
    readonly name: string,
    private readonly initial: T,
    private readonly parse: (json: unknown) => T,
    private readonly engine: Pick<FleetEngine, "putSetting" | "settings">,
  ) {
    this.#value = initial;
  }

  get value(): T {
    return this.#value;
  }

  async update(change: (current: T) => T): Promise<void> {
    for (;;) {
      const next = change(this.#value);
      const body = JSON.stringify(next);
      const version = await this.engine.putSetting(this.name, body, this.#version);
      if (version !== null) return this.#set({ name: this.name, body, version });
      await this.refresh();
    }
  }

  /** Reads the setting until no change of this process comes between. */
  async refresh(): Promise<void> {
    for (;;) {
      const before = this.#version;
      const rows = await this.engine.settings();
      if (this.#version === before)
        return this.#set(rows.find(({ name }) => name === this.name) ?? null);
    }
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** @param row as the engine had it when it was read; null: it was never set */
  take(row: SettingRow | null): void {
    // A change of this process was faster than the read, or the engine lost writes: the next read
    // decides.
    if ((row?.version ?? 0) < (this.#version ?? 0)) void this.refresh().catch(() => {});
    else this.#set(row);
  }

  #set(row: SettingRow | null): void {
    const version = row?.version ?? null;
    if (version === this.#version) return;
    this.#version = version;
    this.#value = row === null ? this.initial : this.parse(JSON.parse(row.body));
    for (const listener of this.#listeners) listener();
  }
}
