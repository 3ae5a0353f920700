/** Docker: builds and compose as JSON; pulls and builds as text. */
import type { Reading, Recogniser } from "../../programs/progress/reading.js";
import { jsonObject, textIn } from "./program.js";

const NUMBERED = /^\[(?:([\w./-]+(?: [\w./-]+)?) )?(\d+)\/(\d+)\] /;

/** The numbered steps of every stage of a Dockerfile: `[build 2/3] RUN make`. */
class BuildSteps {
  /** Whether each step is done. */
  readonly #steps = new Map<string, boolean>();
  /** Steps of each stage. */
  readonly #totals = new Map<string, number>();

  /** @returns false if the name has no number, as the steps of BuildKit itself */
  add(id: string, name: string): boolean {
    const match = NUMBERED.exec(name);
    if (match === null) return false;
    const [, stage = "", , total = ""] = match;
    this.#totals.set(stage, Number(total));
    this.#steps.set(id, this.#steps.get(id) ?? false);
    return true;
  }

  /** @returns false if the step has no number */
  finish(id: string): boolean {
    if (!this.#steps.has(id)) return false;
    this.#steps.set(id, true);
    return true;
  }

  reading(): Reading {
    const total = [...this.#totals.values()].reduce((sum, steps) => sum + steps, 0);
    const done = Math.min(countTrue(this.#steps), total);
    return total === 0 ? {} : { label: "build", done, total, unit: "steps" };
  }
}

function countTrue(flags: ReadonlyMap<string, boolean>): number {
  return [...flags.values()].filter(Boolean).length;
}

/** `buildx build --progress rawjson`: one status of BuildKit's solver a line. */
export class BuildxJson implements Recogniser {
  readonly name = "buildx rawjson";
  readonly #steps = new BuildSteps();

  read(text: string): Reading | null {
    if (!/^\{"(?:vertexes|statuses|logs|warnings)":\[/.test(text)) return null;
    const message = jsonObject(text);
    if (message === null) return null;
    let status = "";
    const log: string[] = [];
    for (const vertex of listIn(message, "vertexes")) {
      const digest = textIn(vertex, "digest");
      const name = textIn(vertex, "name");
      this.#steps.add(digest, name);
      const isDone = "completed" in vertex || vertex.cached === true;
      if (isDone) this.#steps.finish(digest);
      else if ("started" in vertex) status = name;
      const error = textIn(vertex, "error");
      if (error !== "") log.push(...`${name}: ${error}`.split("\n"));
    }
    // The output of the commands, and warnings, are bytes: JSON has them in base64.
    const encoded = [
      ...listIn(message, "logs").map((entry) => textIn(entry, "data")),
      ...listIn(message, "warnings").map((entry) => textIn(entry, "short")),
    ];
    for (const each of encoded) if (each !== "") log.push(...linesOf(each));
    const reading = { ...this.#steps.reading(), ...(status === "" ? {} : { status }) };
    return log.length === 0 ? { ...reading, isOnlyProgress: true } : { ...reading, log };
  }
}

/**
 * The lines of a text in base64; a text in another form as it is. Of a line that was redrawn, the
 * last form.
 */
function linesOf(text: string): string[] {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) return [text];
  const lines = bytes
    .toString("utf8")
    .replace(/\r?\n$/, "")
    .split(/\r?\n/);
  return lines.map((line) =>
    line.slice(line.lastIndexOf("\r", line.length - 2) + 1).replace(/\r$/, ""),
  );
}

function listIn(object: Record<string, unknown>, key: string): Array<Record<string, unknown>> {
  const value = object[key];
  return Array.isArray(value)
    ? value.filter((item) => typeof item === "object" && item !== null)
    : [];
}

const COMPOSE_KEYS = new Set([
  "dry-run",
  "tail",
  "id",
  "parent_id",
  "status",
  "text",
  "details",
  "current",
  "total",
  "percent",
]);
const RESOURCE = /^(Image|Container|Network|Volume|Service|Config|Secret) \S/;
const LAYER_WORD =
  /^(?:Pulling fs layer|Waiting|Downloading|Verifying Checksum|Download complete|Extracting|Pull complete|Already exists|Pulling|Pulled)$/;
const DONE_WORD =
  /^(?:Pulled|Built|Created|Started|Running|Healthy|Exited|Stopped|Killed|Paused|Removed|Recreated|Restarted|Skipped|Pull complete|Already exists|Interrupted)\b/;

/** `docker compose --progress json`: one event of an image, a layer or a container a line. */
export class ComposeJson implements Recogniser {
  readonly name = "docker compose --progress json";
  /** Whether each thing is done, by its kind and its id. */
  readonly #kinds = new Map<string, Map<string, boolean>>();

  read(text: string): Reading | null {
    if (!text.includes('"id":"')) return null;
    const event = jsonObject(text);
    if (event === null || !Object.keys(event).every((key) => COMPOSE_KEYS.has(key))) return null;
    const id = textIn(event, "id");
    const words = [textIn(event, "text"), textIn(event, "status")];
    const resource = RESOURCE.exec(id)?.[1];
    const isLayer = resource === undefined && words.some((word) => LAYER_WORD.test(word));
    if (resource === undefined && !isLayer) return null;
    if (words.some((word) => /^Error|failed/i.test(word)))
      return { status: `${id} ${words.join(" ")}`.trim() };
    const kind = resource === undefined ? "layers" : `${resource.toLowerCase()}s`;
    const things = this.#kinds.get(kind) ?? new Map<string, boolean>();
    this.#kinds.set(kind, things);
    // A container that was created is started next.
    const isDone = words.some(
      (word) => DONE_WORD.test(word) && !(resource === "Container" && word === "Created"),
    );
    things.set(id, isDone || things.get(id) === true);
    const status = `${id} ${words.find((word) => word !== "") ?? ""}`.trim();
    // The layers tell more about a pull than the images do.
    if (kind === "images" && this.#kinds.has("layers")) return { status, isOnlyProgress: true };
    return {
      label: kind,
      done: countTrue(things),
      total: things.size,
      unit: kind,
      status,
      isOnlyProgress: true,
    };
  }
}

const LAYER =
  /^([0-9a-f]{12}): (Pulling fs layer|Waiting|Downloading|Verifying Checksum|Download complete|Extracting|Pull complete|Already exists|Layer already exists|Preparing|Pushing|Pushed|Mounted from)\b/;
const LAYER_DONE = /^(?:Pull complete|Already exists|Layer already exists|Pushed|Mounted from)$/;
const LAYER_NEW = /^(?:Pulling fs layer|Waiting|Already exists|Layer already exists|Preparing)$/;

/** `docker pull` and `docker push`: layers, all of which are named before the first one is done. */
export class DockerPull implements Recogniser {
  readonly name = "docker pull";
  readonly #layers = new Map<string, boolean>();

  read(text: string): Reading | null {
    const match = LAYER.exec(text);
    if (match === null) return null;
    const [, id = "", word = ""] = match;
    this.#layers.set(id, LAYER_DONE.test(word) || this.#layers.get(id) === true);
    const status = `${id}: ${word}`;
    if (LAYER_NEW.test(word)) return { status, isOnlyProgress: true };
    return {
      label: "layers",
      done: countTrue(this.#layers),
      total: this.#layers.size,
      unit: "layers",
      status,
      isOnlyProgress: true,
    };
  }
}

const STEP = /^#(\d+) (\[.*)$/;
const STEP_DONE = /^#(\d+) (?:DONE \d+\.\d+s|CACHED)$/;

/** `docker build --progress plain`. */
export class DockerBuild implements Recogniser {
  readonly name = "docker build";
  readonly #steps = new BuildSteps();

  read(text: string): Reading | null {
    const line = text.trimEnd();
    const [, id = "", name = ""] = STEP.exec(line) ?? [];
    if (id !== "")
      return this.#steps.add(id, name) ? { ...this.#steps.reading(), status: name } : null;
    const ended = STEP_DONE.exec(line)?.[1];
    return ended !== undefined && this.#steps.finish(ended) ? this.#steps.reading() : null;
  }
}
