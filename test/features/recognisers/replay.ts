/** Replays the recorded output of a program through the line splitter into the recognisers. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RECOGNISERS } from "../../../ops/features/recognisers/index.js";
import { Lines } from "../../../ops/programs/output.js";
import type { Reading } from "../../../ops/programs/progress/reading.js";
import { Recognition } from "../../../ops/programs/progress/recognition.js";
import { withoutSequences } from "../../../protocol/text/sgr.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/programs", import.meta.url));

export interface Said {
  name: string;
  source: "json" | "text";
  text: string;
  reading: Reading;
}

export interface Replayed {
  said: Said[];
  /** Lines that stay in the log. */
  log: string[];
}

/** Such as `rsync/progress2`. */
export function recordings(): string[] {
  return readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".bin"))
    .map((path) => path.slice(0, -".bin".length))
    .sort();
}

export function recording(name: string): Buffer {
  return readFileSync(join(FOLDER, `${name}.bin`));
}

/** Asks all recognisers about a text: the first that understands it answers. */
export class Asked {
  readonly said: Said[] = [];
  readonly #recognition = new Recognition(RECOGNISERS);

  read(text: string, isFrame: boolean): Reading | null {
    const found = this.#recognition.read(text, isFrame);
    if (found === null) return null;
    const { form: name, source, reading } = found;
    this.said.push({ name, source, text, reading });
    return reading;
  }
}

/** @param chunks - the recording, cut anywhere */
export function replay(chunks: Iterable<Buffer>): Replayed {
  const asked = new Asked();
  const log: string[] = [];
  const lines = new Lines({
    lines(complete) {
      for (const line of complete.map(plain)) {
        const { isOnlyProgress = false, log: lines = isOnlyProgress ? [] : [line] } =
          asked.read(line, false) ?? {};
        log.push(...lines);
      }
    },
    frame: (text) => void asked.read(plain(text), true),
    unfinished: () => {},
  });
  for (const chunk of chunks) lines.write(chunk);
  lines.end();
  return { said: asked.said, log };
}

function plain(text: string): string {
  return withoutSequences(text).replace(/[\x00-\x08\x0a-\x1f\x7f]/g, "");
}
