/**
 * A feature of the daemon. The core runs without any: it knows this interface, and `features.ts`
 * lists the features. A feature takes part where it has the member.
 */
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { Operation } from "../protocol/operation.js";
import type { DaemonReply } from "../protocol/replies.js";
import type { RetryBody } from "../protocol/requests.js";
import type { Connections } from "./http/connections.js";
import type { Judge } from "./scheduler/finishing.js";
import type { Entry } from "./store/decision.js";

/** Routes that a feature adds to the HTTP server. */
export type FeatureRoutes = FastifyPluginCallbackZod<{ connections: Connections }>;

/** Adds a sample to a metric. */
export type PutSample = (metric: string, labels: Record<string, string>, value: number) => void;

export interface Asked extends RetryBody {
  /** Why it begins at another place than a person asked for. */
  because?: string;
}

export interface Feature {
  /** Routes of the HTTP server. */
  readonly routes?: FeatureRoutes;
  /** Runs before the state is loaded. */
  begin?(): Promise<void>;
  /** Runs before the socket answers. An error prevents the start. */
  open?(): Promise<void>;
  /** Runs once the daemon answers, in a turn of the event loop of its own. */
  start?(): void | Promise<void>;
  /** Runs before the store stops. */
  stop?(): void | Promise<void>;
  /** Runs after all else has stopped. */
  end?(): Promise<void>;
  /** Keys of a record wherever it is shown; null: none. */
  shown?(id: string): Partial<Operation> | null;
  /** Keys of a record that a reply with one operation has. */
  shownWhole?(id: string): Partial<Operation> | null;
  /** Keys of `GET /v1/daemon`. */
  report?(): Partial<DaemonReply>;
  /** What `liveopsd status` must show. */
  problems?(): string[];
  /** Why an operation failed, in lines that are not masked; null: the feature does not know. */
  reasonOf?(record: Operation): string[] | null;
  /**
   * Retries what ran inside of the operation, as far as the request names it.
   *
   * @param by - name of the person
   * @returns the request without that; null: the request names nothing inside
   */
  retryInside?(entry: Entry, body: RetryBody, by: string): Promise<Asked | null>;
  /** Judges the outcome of a worker. */
  readonly judge?: Judge;
  /** Samples at each scrape of the metrics. */
  sample?(put: PutSample): void;
}

/** The first answer of a feature that is not null. */
export function firstOf<T>(
  features: readonly Feature[],
  ask: (feature: Feature) => T | null | undefined,
): T | null {
  for (const feature of features) {
    const answer = ask(feature);
    if (answer !== null && answer !== undefined) return answer;
  }
  return null;
}
