/** Calls to the daemon that full screen and screen reader share: a request, and the watch stream. */
import { NoDaemonError } from "../../protocol/client/errors.js";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { isRemote } from "../../protocol/client/ssh/address.js";
import { UnreachableHostError } from "../../protocol/client/ssh/errors.js";
import { submitPlace } from "../../protocol/client/submit-place.js";
import { type Problem, Refusal } from "../../protocol/errors.js";
import type { Operation } from "../../protocol/operation.js";
import type { RetryBody } from "../../protocol/requests.js";
import { withTrailing } from "../../protocol/schema/parameters.js";
import type { SelectionLine } from "../../protocol/stream-lines.js";
import { hostOfKey } from "./core/host-key.js";
import type { Message } from "./core/message.js";
import type { Request, SwitchKind } from "./core/request.js";
import type { DashboardClient } from "./dashboard-client.js";

/** A wait that an abort ends early, without an error. */
export function pause(milliseconds: number, calledOff: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (calledOff.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      calledOff.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    calledOff.addEventListener("abort", done);
  });
}

/** The client of the one daemon that a key names. */
const daemonOf = (client: DashboardClient, key: string): Pick<DashboardClient, "socket" | "drain"> =>
  client.hostNamed?.(hostOfKey(key) ?? "") ?? client;

/**
 * @param allow `env.allow` of the config file
 * @returns the operations as they are now
 */
export async function send(
  client: DashboardClient,
  request: Request,
  allow?: readonly string[],
): Promise<Operation[]> {
  if (request.kind === "submit") {
    const { op, set, args, params, label, again, edit } = request;
    if (edit !== undefined)
      return [await client.edit(edit, { params: { ...params }, label: label === "" ? null : label })];
    if (again !== undefined)
      return [await client.again(again, { params: { ...params }, ...(label !== "" && { label }) }, newKey())];
    const body = {
      op,
      set: withTrailing([...set], args && [...args]),
      ...(params !== undefined && { params: { ...params } }),
      ...(label !== "" && { label }),
      ...submitPlace(daemonOf(client, op).socket, { allow }),
    };
    return [await client.submit(body, newKey())];
  }
  if ("name" in request) {
    await flip(client, request.kind, request.name);
    return [];
  }
  return changeAll(client, request);
}

/**
 * In their order on each host; a host that refuses or does not answer keeps no other one waiting.
 *
 * @throws the first error, after all that could be done is done
 */
async function changeAll(
  client: DashboardClient,
  request: Extract<Request, { ids: unknown }>,
): Promise<Operation[]> {
  const byHost = Map.groupBy(request.ids.entries(), ([, id]) => hostOfKey(id));
  const done: Operation[] = [];
  const changing = [...byHost.values()].map(async (entries) => {
    const together = entries.length > 1 ? allOf(client, request, entries) : null;
    if (together !== null) for await (const operation of together) done.push(operation);
    else for (const [i, id] of entries) done.push(await change(client, request, id, i));
  });
  const [only] = changing;
  if (changing.length === 1) {
    await only;
    return done;
  }
  const outcomes = await Promise.allSettled(changing);
  for (const [i, host] of [...byHost.keys()].entries()) {
    const outcome = outcomes[i]!;
    if (outcome.status === "rejected")
      throw new Error(`${host}: ${(outcome.reason as Error).message}`, { cause: outcome.reason });
  }
  return done;
}

/** One request for several operations of a host; null where there is none of the kind. */
function allOf(
  client: DashboardClient,
  request: Extract<Request, { ids: unknown }>,
  entries: ReadonlyArray<readonly [place: number, id: string]>,
): AsyncGenerator<Operation> | null {
  const ids = entries.map(([, id]) => id);
  switch (request.kind) {
    case "cancel":
      return changed(client.cancelAll({ ids }));
    case "remove":
      return changed(client.removeAll({ ids }));
    case "retry":
      return changed(client.retryAll({ ids, ...retryBody(request) }));
    default:
      return null;
  }
}

/** @throws the first refusal, after the others were told */
async function* changed(lines: AsyncGenerator<SelectionLine>): AsyncGenerator<Operation> {
  let refused: Problem | null = null;
  for await (const line of lines) {
    if (line.type === "changed") yield line.operation;
    else if (line.type === "refused") refused ??= line.problem;
  }
  if (refused !== null) throw Refusal.fromProblem(refused);
}

/** @param place of the id among those of the request */
function change(
  client: DashboardClient,
  request: Extract<Request, { ids: unknown }>,
  id: string,
  place: number,
): Promise<Operation> {
  switch (request.kind) {
    case "cancel":
    case "remove":
    case "pause":
    case "resume":
      return client[request.kind](id);
    case "retry":
      return client.retry(id, retryBody(request));
    case "edit":
      return client.edit(id, request.changes[place]!);
  }
}

function flip(client: DashboardClient, kind: SwitchKind, name: string): Promise<unknown> {
  switch (kind) {
    case "pause-queue":
      return client.pauseQueue({ queue: name });
    case "resume-queue":
      return client.resumeQueue({ queue: name });
    case "pause-schedule":
      return client.pauseSchedule(name);
    case "resume-schedule":
      return client.resumeSchedule(name);
    case "drain-host":
    case "undrain-host":
      return daemonOf(client, `@${name}`).drain({ draining: kind === "drain-host" });
    case "declare-lost":
      return client.declareLost(name);
  }
}

function retryBody({ from, current }: Extract<Request, { kind: "retry" }>): RetryBody {
  return { ...(from !== undefined && { from }), ...(current && { current }) };
}

/** The receiver of the stream. */
export interface WatchTarget {
  dispatch(message: Message): void;
  now(): number;
  /** The cursor at which a new stream continues. */
  cursor(): string | null;
}

/** Milliseconds before the first new attempt, and at most. */
export const FIRST_WAIT = 100;
const LONGEST_WAIT = 1000;
/** Over ssh, an attempt costs processes on both machines; an attempt that ssh refused is a failed login there. */
const LONGEST_WAIT_REMOTE = 5000;
const REFUSED_WAIT = 30_000;

/** Keeps the watch stream open, and comes back by itself when it breaks. */
export async function watchForEver(
  target: WatchTarget,
  client: DashboardClient,
  left: AbortSignal,
): Promise<void> {
  let wait = FIRST_WAIT;
  while (!left.aborted) {
    let failure: unknown = null;
    try {
      const since = target.cursor();
      const query = { limit: 200, ...(since !== null && { since }) };
      for await (const line of client.watch(query, left)) {
        wait = FIRST_WAIT;
        target.dispatch({ type: "watched", line });
      }
    } catch (error) {
      if (left.aborted) return;
      failure = error;
      target.dispatch({ type: "lost", reason: reasonOf(error), at: target.now() });
    }
    await pause(waitAfter(failure, wait), left);
    wait = nextWait(wait, client.socket);
  }
}

/** Milliseconds before the next attempt. */
export function waitAfter(error: unknown, wait: number): number {
  return error instanceof UnreachableHostError && error.kind === "refused" ? REFUSED_WAIT : wait;
}

export function nextWait(wait: number, socket: string): number {
  return Math.min(wait * 2, isRemote(socket) ? LONGEST_WAIT_REMOTE : LONGEST_WAIT);
}

const IN_WORDS: Record<string, string> = {
  ENOENT: "The socket does not exist.",
  ECONNREFUSED: "Nothing listens on the socket.",
};

/** The screen says already that no daemon answers and where: only the reason is new. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof NoDaemonError)) return (error as Error).message;
  return IN_WORDS[error.reason] ?? error.reason;
}
