/** The client's methods, one for each route, typed by the schemas of the route table. */
import type * as z from "zod/mini";
import type { Operation } from "../operation.js";
import { PATHS, type Path, type RouteName } from "../paths.js";
import type { LogPage } from "../replies.js";
import type { LogQuery, SubmitBody } from "../requests.js";
import type { ROUTES } from "../routes.js";
import type { Deadlines } from "./deadline.js";

type Routes = typeof ROUTES;
type Asked = Exclude<RouteName, "metrics">;

type Schema<T> = T extends z.ZodMiniType ? T : never;
type Content<N extends RouteName, Type extends string> = {
  [S in keyof Routes[N]["replies"]]: Routes[N]["replies"][S] extends { [K in Type]: infer Body }
    ? z.output<Schema<Body>>
    : never;
}[keyof Routes[N]["replies"]];

type Line<N extends RouteName> = Content<N, "application/x-ndjson">;
type Reply<N extends RouteName> = Routes[N] extends { lastLine: string }
  ? // Only a watcher wants to know that the daemon is alive.
    AsyncGenerator<N extends "watch" ? Line<N> : Exclude<Line<N>, { type: "ping" }>>
  : Promise<Content<N, "application/json">>;

type PathArguments<P extends string> = P extends `${string}:${string}/${infer Rest}`
  ? [string, ...PathArguments<Rest>]
  : P extends `${string}:${string}`
    ? [string]
    : [];

/** A query is given before it is text, and without its defaults. */
type Input<R> = R extends { query: infer Q }
  ? Partial<z.output<Schema<Q>>>
  : R extends { body: infer B }
    ? z.input<Schema<B>>
    : never;

type InputArguments<R> = R extends { sends: string }
  ? Record<never, never> extends Input<R>
    ? [input?: Input<R>]
    : [input: Input<R>]
  : [];

type Arguments<R extends { path: string }> = [
  ...PathArguments<R["path"]>,
  ...InputArguments<R>,
  ...(R extends { key: true } ? [key: string] : []),
  signal?: AbortSignal,
];

/**
 * The values of the path, then the query or the body, then the idempotency key, then the signal.
 */
export type Methods = {
  [N in Exclude<Asked, "submit">]: (...args: Arguments<Routes[N]>) => Reply<N>;
} & {
  /** One body gets one record, several get their records in the same order. */
  submit<B extends SubmitBody | SubmitBody[]>(
    body: B,
    key: string,
    signal?: AbortSignal,
  ): Promise<B extends SubmitBody[] ? Operation[] : Operation>;
};

/** What stands behind the methods: one daemon, or several. */
export abstract class Requests {
  /** Sends the request of a route and reads its reply. */
  abstract request(name: RouteName, args: readonly unknown[]): Promise<unknown>;
  /** Yields the lines of a route's stream. */
  abstract lines(name: RouteName, args: readonly unknown[]): AsyncGenerator<unknown>;

  /**
   * Reads page after page in the query's direction. A page may be short or empty before the end of
   * the log.
   */
  async *logPages(id: string, query: LogQuery = {}, signal?: AbortSignal): AsyncGenerator<LogPage> {
    const { after, before, tail, ...rest } = query;
    const backwards = before !== undefined || tail !== undefined;
    for (let bounds: LogQuery = { after, before, tail }; ; ) {
      const page = (await this.request("log", [id, { ...bounds, ...rest }, signal])) as LogPage;
      yield page;
      if (page.next === null) return;
      bounds = backwards ? { before: page.next } : { after: page.next };
    }
  }
}

for (const name of Object.keys(PATHS) as RouteName[]) {
  const { lastLine }: Path = PATHS[name];
  Object.defineProperty(Requests.prototype, name, {
    value(this: Requests, ...args: unknown[]) {
      return lastLine === undefined ? this.request(name, args) : this.lines(name, args);
    },
  });
}

export interface RequestOptions {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, unknown>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Accept a reply of any version, to show or stop a daemon of another version. */
  anyVersion?: boolean;
  /** Default: `DEADLINES`. */
  deadlines?: Deadlines;
  /** Gets the daemon's clock at its reply, in ms since 1970. */
  onClock?: (time: number) => void;
  /** Gets what the daemon warns of at its reply. */
  onWarning?: (text: string) => void;
  /** The reply may last, so that no other request waits for its connection. */
  isStream?: boolean;
}

/** The request of a method's arguments. */
export function requestOf(name: RouteName, args: readonly unknown[]): RequestOptions {
  const route: Path = PATHS[name];
  const rest = [...args];
  const path = route.path.replace(/:\w+/g, () => encodeURIComponent(String(rest.shift())));
  const input = route.sends === undefined ? undefined : (rest.shift() ?? {});
  const key = route.key ? String(rest.shift()) : null;
  const signal = rest.shift() as AbortSignal | undefined;
  return {
    method: route.method,
    path,
    ...(route.sends !== undefined && { [route.sends]: input }),
    ...(key !== null && { headers: { "idempotency-key": key } }),
    ...(route.anyVersion && { anyVersion: true }),
    signal,
  };
}
