/** The config file that the daemon read at its start. */
import { statSync } from "node:fs";
import type { ConfigState } from "../../protocol/replies.js";

export class ConfigFile {
  readonly #stamp: string;

  constructor(private readonly file: string) {
    this.#stamp = stampOf(file);
  }

  get state(): ConfigState {
    return { file: this.file, changed: stampOf(this.file) !== this.#stamp };
  }
}

/** Changes with each change of the file. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? "" : `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}
