import { followChain } from "../../protocol/client/follow.js";
import { exitCodeOfStatus, Refusal } from "../../protocol/errors.js";
import { parseHistoryName } from "../../protocol/estimate/likeness.js";
import { isPlainObject } from "../../protocol/objects.js";
import type { LogLine } from "../../protocol/operation.js";
import type { TypesReply } from "../../protocol/replies.js";
import type { LogQuery } from "../../protocol/requests.js";
import { isErrorLine } from "../../protocol/text/line-level.js";
import { CourseReader, courseOf } from "../describe/course.js";
import { inPipelines } from "../kit/pipelines.js";
import { chainPage, shifted } from "./core/chain-log.js";
import type { Effect, LogLink, SlotEffect } from "./core/effect.js";
import { typeKey } from "./core/key.js";
import { lanesOfCourses } from "./core/lanes.js";
import { LOG_PAGE } from "./core/log-window.js";
import { MATCHES_MOST } from "./core/matches.js";
import type { Message } from "./core/message.js";
import type { State } from "./core/model.js";
import { pageQuery, queueQuery } from "./core/paging.js";
import type { Flags } from "./core/request.js";
import { type DashboardClient, pause, send } from "./daemon-calls.js";
import type { LookedFile } from "./looked-file.js";
import type { Looks } from "./seen-failures.js";
import { edit, onTerminal, startDaemon } from "./terminal/programs.js";
import { copyText } from "./terminal/sequences.js";
import { coloured } from "./text/coloured.js";
import { jsonLine } from "./text/json-line.js";
import { watchDaemon } from "./watch.js";

export interface EffectOptions {
  readonly client: DashboardClient;
  readonly dispatch: (message: Message) => void;
  readonly state: () => State;
  readonly now: () => number;
  /** Gives the terminal back for as long as the callback takes. */
  readonly suspend: (meanwhile?: () => Promise<void>) => void;
  /** Writes to the terminal, beside the screen. */
  readonly write: (data: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly looks: Looks;
  /** Absent: nothing is remembered. */
  readonly looked?: LookedFile;
  readonly flags: Flags;
  /** Of the one daemon; null: not known. */
  readonly stateDir: string | null;
  /** `env.allow` of the config file. */
  readonly allow?: readonly string[] | undefined;
}

/** The pipelines of the directory of the dashboard, before the types of the daemon. */
async function withPipelines(types: TypesReply): Promise<TypesReply> {
  const none = { ops: [], errors: [] };
  const here = await inPipelines(({ pipelinesIn }) => pipelinesIn(process.cwd())).catch(() => none);
  return { ...types, ops: [...here.ops, ...types.ops], errors: [...here.errors, ...types.errors] };
}

/** What fills the form. A pipeline file has fields of its own, which the type `pipeline` has as one object. */
async function formOf(
  { id, retries }: Extract<Effect, { type: "prepare-form" }>,
  client: DashboardClient,
): Promise<Message> {
  const [operation, { ops }] = await Promise.all([client.show(id), client.types()]);
  const retried = retries && { retries };
  const { text, path, params = {} } = operation.params;
  if (operation.op === "pipeline" && typeof text === "string" && isPlainObject(params)) {
    const file = { text, path: typeof path === "string" ? path : null };
    // A text that only a later liveops can read has the form of the type.
    const type = await inPipelines(({ typeOfText }) => typeOfText(file.text, file.path)).catch(() => null);
    if (type !== null)
      return {
        type: "form-ready",
        operation: { ...operation, op: type.op, params },
        operationType: type,
        file,
        ...retried,
      };
  }
  const operationType = ops.find(({ op }) => op === typeKey(operation));
  if (operationType !== undefined) return { type: "form-ready", operation, operationType, ...retried };
  return { type: "noticed", text: `The type ${operation.op} does not exist any more`, level: "warning" };
}

type Run<T> = (effect: T, options: EffectOptions, left: AbortSignal) => Promise<void> | void;
type Runs = { [K in SlotEffect["type"]]: Run<Extract<SlotEffect, { type: K }>> };

export class Effects {
  readonly #slots = new Map<string, AbortController>();

  constructor(private readonly options: EffectOptions) {}

  run(effects: readonly Effect[]): void {
    for (const effect of effects) this.#run(effect);
  }

  /** Ends everything that lasts. */
  stop(): void {
    for (const running of this.#slots.values()) running.abort();
    this.#slots.clear();
  }

  #run(effect: Effect): void {
    const { options } = this;
    const { client, dispatch } = options;
    switch (effect.type) {
      case "slot":
        this.#slots.get(effect.slot)?.abort();
        this.#slots.delete(effect.slot);
        if (effect.effect !== null) this.#start(effect.slot, effect.effect);
        return;
      case "send":
        void send(client, effect.request, options.allow).then(
          (operations) => dispatch({ type: "answered", request: effect.request, operations }),
          (error: Error) => dispatch({ type: "refused", request: effect.request, message: error.message }),
        );
        return;
      case "prepare-form":
        void formOf(effect, client).then(dispatch, (error: Error) =>
          dispatch({ type: "noticed", text: error.message, level: "error" }),
        );
        return;
      case "copy":
        options.write(copyText(effect.text));
        return;
      case "edit":
        options.suspend(() => edit(effect, options));
        return;
      case "attach":
      case "shell":
        options.suspend(() => onTerminal(effect, options));
        return;
      case "start-daemon":
        startDaemon(options);
        return;
      case "connect-host":
        client.several?.reach(effect.host, options.suspend);
        return;
      case "suspend":
        options.suspend();
        return;
      case "remember-look":
        options.looks.remember(effect.cursor);
        return;
      case "remember-looked":
        options.looked?.write(effect.keys);
    }
  }

  #start(slot: string, effect: SlotEffect): void {
    const running = new AbortController();
    this.#slots.set(slot, running);
    const run = RUNS[effect.type] as Run<SlotEffect>;
    // The watch stream reports a lost daemon; its return starts the effects anew. A single lost connection does not.
    void Promise.resolve(run(effect, this.options, running.signal)).catch(async (error) => {
      if (error instanceof Refusal) return;
      await pause(AGAIN_MS, running.signal);
      if (!running.signal.aborted) this.#start(slot, effect);
    });
  }
}

/** Milliseconds after which an effect runs again whose connection was lost. */
const AGAIN_MS = 1000;
/** Milliseconds without another letter before a filter is asked for. */
const TYPING = 120;
/** Milliseconds between two forecasts of the same queue. */
const FORECAST_EVERY = 5000;
/** Milliseconds that changes of queues are gathered, and between two looks at queues and schedules. */
const QUEUES_SETTLED = 100;
const QUEUES_EVERY = 10_000;

/** Milliseconds for which a log is looked through for its first error, or for all matches. */
const LOOK_MOST = 3000;

const RUNS: Runs = {
  watch: (_effect, { client, dispatch, now, stateDir }, left) =>
    client.several?.follow({ dispatch, now }, left) ?? watchDaemon({ dispatch, now }, client, stateDir, left),

  tick: ({ every }, { dispatch, now }, left) =>
    repeat(every, left, () => dispatch({ type: "ticked", now: now() })),

  "stream-log": async ({ id }, { client, dispatch, state }, left) => {
    const offset = state().logLinks.find((link) => link.id === id)?.offset ?? 0;
    const logAfter = Math.max(0, state().log.to - offset);
    for await (const line of client.watch({ operation: id, log: true, logAfter }, left))
      if (line.type === "log" && line.id === id) dispatch({ type: "logged", id, lines: line.lines });
  },

  "fetch-log": async (effect, { client, dispatch }) => {
    const { chain, id, filter, want, query } = effect;
    const page = await client.log(id, { ...query, limit: LOG_PAGE });
    dispatch({ type: "log-fetched", chain, filter, want, ...chainPage(effect, page) });
  },

  seek: async (effect, { client, dispatch }, left) => {
    const { links, query, errorSince } = effect;
    const line =
      errorSince === undefined
        ? await firstLine(client, links, query, left)
        : await firstError(client, links, query, errorSince, left);
    if (!left.aborted) dispatch({ type: "sought", key: JSON.stringify(effect), line });
  },

  "count-matches": async (effect, { client, dispatch }, left) => {
    await pause(TYPING, left);
    const { links, query } = effect;
    const numbers: number[] = [];
    const end = performance.now() + LOOK_MOST;
    let isMore = false;
    for (const { id, offset } of links) {
      for await (const { lines, next } of client.logPages(id, { ...query, limit: MATCHES_MOST }, left)) {
        numbers.push(...shifted(lines, offset).map(({ n }) => n));
        isMore = numbers.length > MATCHES_MOST || (next !== null && performance.now() > end);
        if (left.aborted) return;
        if (isMore) break;
      }
      if (isMore) break;
    }
    const key = JSON.stringify(effect);
    dispatch({ type: "matches-counted", key, numbers: numbers.slice(0, MATCHES_MOST), isMore });
  },

  "fetch-why": async ({ id, attempt, partial }, { client, dispatch }, left) => {
    const why = await client.why(id, { partial }, left);
    if (!left.aborted) dispatch({ type: "why-fetched", id, attempt, why });
  },

  "fetch-page": async (effect, { client, dispatch, state }, left) => {
    const { text, order, before } = effect;
    if (text !== "" && before === null) await pause(TYPING, left);
    if (left.aborted) return;
    const page = await client.list(pageQuery(state(), effect));
    if (!left.aborted) dispatch({ type: "page-fetched", text, order, before, ...page });
  },

  "fetch-queue": async (effect, { client, dispatch, state }, left) => {
    const { text, before } = effect;
    if (text !== "" && before === null) await pause(TYPING, left);
    if (left.aborted) return;
    const { operations, next } = await client.list(queueQuery(state(), effect));
    if (!left.aborted) dispatch({ type: "queue-fetched", text, before, operations, next });
  },

  find: ({ id }, { client, dispatch }) =>
    client.show(id).then(
      (operation) => dispatch({ type: "found", operation }),
      (error) => {
        // Any other error means that a daemon does not answer. The request is repeated when one is back. One daemon is
        // shown as lost; of several, another one may be shown.
        if (error instanceof Refusal)
          dispatch({ type: "not-found", code: exitCodeOfStatus(error.status), message: error.message });
        else if (client.several !== undefined)
          dispatch({ type: "noticed", text: (error as Error).message, level: "warning" });
      },
    ),

  "fetch-chain": async ({ chain }, { client, dispatch }) => {
    const { operations } = await client.list({ chain, limit: 200 });
    dispatch({ type: "fetched", operations });
  },

  "fetch-history": async ({ name, succeeded }, { client, dispatch }) => {
    const { op, key } = parseHistoryName(name);
    // A type whose file is gone has no history.
    const none = { op, runs: 0, finished: 0, seconds: null, stages: {}, recent: [], next: [] };
    const reply = await client.history(op, { key }).catch(() => none);
    dispatch({ type: "history-fetched", name, reply, succeeded });
  },

  "fetch-types": (_effect, { client, dispatch, flags }) =>
    client.types().then(
      async (types) => {
        // A pipeline of this directory runs where this directory is.
        const isHere = flags.hosts === undefined && flags.remote === undefined;
        dispatch({ type: "types-fetched", types: isHere ? await withPipelines(types) : types });
      },
      (error: Error) => dispatch({ type: "types-lost", message: error.message }),
    ),

  "read-attempts": async ({ id }, { client, dispatch }, left) => {
    const { attempts } = await courseOf([], client.events(id, {}, left));
    dispatch({ type: "attempts-read", id, attempts });
  },

  "read-timeline": async ({ first }, { client, dispatch }, left) => {
    const courses = new Map<string, CourseReader>();
    let due: NodeJS.Immediate | null = null;
    const tell = () => {
      due = null;
      const left = [...courses.values()].reduce((sum, course) => sum + course.left, 0);
      dispatch({ type: "timeline-read", first, read: { lanes: lanesOfCourses(courses), left } });
    };
    left.addEventListener("abort", () => clearImmediate(due ?? undefined));
    for await (const { id, line } of followChain(client, first, { signal: left })) {
      if (line.type === "log:line" || line.type === "end") continue;
      if (line.type === "operation:submitted") courses.set(id, new CourseReader(line.operation.stages));
      courses.get(id)?.add(line);
      // Events that arrive together are drawn together.
      due ??= setImmediate(tell);
    }
  },

  "fetch-forecast": async (_effect, { client, dispatch }, left) => {
    // A queue that moves fast is not asked about at each move.
    await pause(300, left);
    while (!left.aborted) {
      dispatch({ type: "forecast-fetched", forecast: await client.forecast(left) });
      await pause(FORECAST_EVERY, left);
    }
  },

  "fetch-queues": async (_effect, { client, dispatch }, left) => {
    await pause(QUEUES_SETTLED, left);
    while (!left.aborted) {
      const [{ queues }, { schedules }] = await Promise.all([client.queues(left), client.schedules(left)]);
      if (!left.aborted) dispatch({ type: "queues-fetched", queues, schedules });
      await pause(QUEUES_EVERY, left);
    }
  },

  "fetch-hosts": async ({ every }, { client, dispatch }, left) => {
    await pause(QUEUES_SETTLED, left);
    while (!left.aborted) {
      const fleet = await client.hosts(left);
      if (!left.aborted) dispatch({ type: "hosts-fetched", fleet });
      if (every === null) return;
      await pause(every, left);
    }
  },

  "fetch-dependencies": async ({ ids }, { client, dispatch }, left) => {
    for (const id of ids) {
      // A removed one has no record.
      const operation = await client.show(id).catch(() => null);
      if (left.aborted) return;
      if (operation !== null) dispatch({ type: "fetched", operations: [operation] });
    }
  },

  "count-today": async ({ since }, { client, dispatch }, left) => {
    const [all, good] = await Promise.all([
      client.list({ finishedSince: since, limit: 0 }, left),
      client.list({ finishedSince: since, state: ["succeeded"], limit: 0 }, left),
    ]);
    dispatch({ type: "today-counted", since, count: all.total, succeeded: good.total });
  },

  "fetch-failures": async (_effect, { dispatch, looks, state }, left) => {
    const failures = await looks.fetch(left);
    if (left.aborted || failures === null) return;
    if (failures.operations.length > 0 || state().newFailures.length > 0)
      dispatch({ type: "failures-fetched", ...failures });
  },

  "fetch-daemon": async (_effect, { client, dispatch }) => {
    dispatch({ type: "daemon-fetched", daemon: await client.daemon() });
  },
};

function repeat(every: number, left: AbortSignal, run: () => void): void {
  const timer = setInterval(run, every);
  left.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/**
 * The first line of the chain that matches, in the direction of the query. The daemon looks through so much of a log
 * at a time: it is asked on until it found one, or another line is sought.
 */
async function firstLine(
  client: DashboardClient,
  links: readonly LogLink[],
  { after = 0, before, ...words }: LogQuery,
  left: AbortSignal,
): Promise<LogLine | null> {
  const backwards = before !== undefined && before !== null;
  const all = [...links.entries()];
  for (const [i, { id, offset }] of backwards ? all.reverse() : all) {
    const end = links[i + 1]?.offset ?? Number.POSITIVE_INFINITY;
    if (backwards ? Number(before) <= offset + 1 : Number(after) >= end) continue;
    const bounds: LogQuery = backwards
      ? { before: Math.min(Number(before), end + 1) - offset }
      : { after: Math.max(0, Number(after) - offset) };
    for await (const { lines } of client.logPages(id, { ...words, ...bounds, limit: 1 })) {
      if (lines[0] !== undefined) return shifted(lines, offset)[0]!;
      if (left.aborted) return null;
    }
  }
  return null;
}

/** The first line of an error since then: of the last attempt, not of an earlier one. */
async function firstError(
  client: DashboardClient,
  links: readonly LogLink[],
  { after = 0, ...words }: LogQuery,
  since: string,
  left: AbortSignal,
): Promise<LogLine | null> {
  const link = links.findLast(({ offset }) => offset === after) ?? links.at(-1);
  if (link === undefined) return null;
  const end = performance.now() + LOOK_MOST;
  const begin = Date.parse(since);
  const isError = ({ stream, at, text }: LogLine) =>
    stream !== "liveops" && Date.parse(at) >= begin && isErrorLine(jsonLine(text) ?? coloured(text).text);
  for await (const { lines } of client.logPages(link.id, { ...words, limit: LOG_PAGE }, left)) {
    const line = lines.find(isError);
    if (line !== undefined) return shifted([line], link.offset)[0]!;
    if (left.aborted || performance.now() > end) return null;
  }
  return null;
}
