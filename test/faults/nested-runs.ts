/**
 * Pipelines that are nested, whose scripts tell where they ran, and whether two of them worked at
 * once.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Client } from "../../protocol/client/client.js";
import type { Operation } from "../../protocol/operation.js";
import type { Dice } from "./mode.js";
import { compareOnce, record } from "./tally.js";

/** Pipelines around the innermost one. */
const DEPTH = 6;

/**
 * Tells that it runs, and whether another script works meanwhile: a killed script holds its lock no
 * longer.
 */
const script = (place: string) => `|
      exec 9>>"$dir/lock"
      flock --nonblock 9 || echo "${place} of $name" >>"$dir/overlaps"
      echo "$name ${place} $LIVEOPS_OPERATION_ID $LIVEOPS_ATTEMPT" >>"$dir/ran"
      sleep 0.02`;

const PARAMS =
  "params: { name: { type: string, required: true }, dir: { type: string, required: true } }";

function level(n: number): string {
  const inner = `  - { name: Inner, op: level${n + 1}.yaml, with: { name: $name, dir: $dir } }\n`;
  const after = `  - name: After\n    run: ${script(`after-${n}`)}\n`;
  return `${PARAMS}
stages:
  - name: Before
    run: ${script(`before-${n}`)}
${n < DEPTH ? inner + after : ""}`;
}

const levels = Array.from({ length: DEPTH + 1 }, (_, n) => n);
export const nestedOps = Object.fromEntries(levels.map((n) => [`level${n}.yaml`, level(n)]));
const places = levels.flatMap((n) => (n < DEPTH ? [`before-${n}`, `after-${n}`] : [`before-${n}`]));

/** What the scripts of the pipelines with these names tell, in a directory. */
export class NestedRuns {
  constructor(
    private readonly dir: string,
    readonly names: readonly string[],
  ) {}

  get bodies() {
    return this.names.map((name) => ({ op: "level0", params: { name, dir: this.dir } }));
  }

  get ran(): string[] {
    return this.#lines("ran");
  }

  get isOver(): boolean {
    const last = this.ran.filter((line) => line.includes(" after-0 "));
    return new Set(last.map((line) => line.split(" ")[0])).size === this.names.length;
  }

  /**
   * Each script has run, in one operation, and at most once in each attempt of that one; never two
   * at once.
   *
   * @param all - the operations, which have ended
   */
  expectLawful(fault: string, injected: number, all: readonly Operation[]): void {
    const failed = all.filter(({ state }) => state !== "succeeded");
    expect(failed.map(({ id, error }) => [id, error])).toEqual([]);
    const wanted = this.names.flatMap((name) => places.map((place) => `${name} ${place}`));
    const ofOperations = new Set(this.ran.map((line) => line.split(" ").slice(0, 3).join(" ")));
    const found = compareOnce(
      wanted,
      [...ofOperations].map((line) => line.split(" ").slice(0, 2).join(" ")),
    );
    record({ fault, injected, ...found }, found.details);
    expect(all).toHaveLength(this.names.length * levels.length);
    const { ran } = this;
    expect(ran.filter((line, n) => ran.indexOf(line) !== n)).toEqual([]);
    expect(this.#lines("overlaps")).toEqual([]);
  }

  #lines(name: string): string[] {
    const file = join(this.dir, name);
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }
}

/**
 * Kills the worker of a random operation, unless that lost one before: an operation fails whose
 * worker dies three times in a row.
 */
export async function killWorker(client: Client, dice: Dice, killed: Set<string>): Promise<void> {
  const inner = await client.list({ state: ["running"], parent: "any", limit: 200 });
  const outer = await client.list({ state: ["running"], parent: "none", limit: 200 });
  const running = [...inner.operations, ...outer.operations];
  const able = running.filter(({ id, pid }) => pid !== null && !killed.has(id));
  if (able.length === 0) return;
  const { id, pid } = able[dice.whole(0, able.length - 1)]!;
  killed.add(id);
  try {
    process.kill(pid!, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
