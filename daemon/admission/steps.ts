/**
 * The steps that admit a submit: each checks or completes drafts. A new check is one more step in
 * `STEPS`.
 */
import { homedir } from "node:os";
import { missingIn, type SecretSources, valuesOf } from "../../ops/types/pipeline-facts.js";
import type { Prepared } from "../../ops/types/prepare.js";
import { Refusal } from "../../protocol/errors.js";
import type { Submission } from "../../protocol/event.js";
import { newId } from "../../protocol/id.js";
import { MAX_PARAMS } from "../../protocol/limits.js";
import { pick } from "../../protocol/objects.js";
import type { Operation, Parent } from "../../protocol/operation.js";
import { keptTextIn } from "../../protocol/pipeline/kept-text.js";
import { problemsOfNames } from "../../protocol/pipeline/used-names.js";
import type { SubmitBody } from "../../protocol/requests.js";
import {
  DEFAULT_QUEUE,
  normalFields,
  RECORDED,
  withoutDefaults,
} from "../../protocol/submit-fields.js";
import { nearest } from "../../protocol/text/nearest.js";
import type { Hosts } from "../hosts/hosts.js";
import type { Types } from "../loader/loader.js";
import { childEnvironment } from "../os/child-environment.js";
import type { Queues } from "../scheduler/queues.js";
import type { Settings } from "../settings.js";
import type { Entry } from "../store/decision.js";

/** A submit until it is admitted: the body of the request, and what the steps add to it. */
export interface Draft extends SubmitBody {
  /** Id of the finished operation that is run again. */
  againOf?: string;
  /** Name of the schedule that submits the operation. */
  schedule?: string;
  /** Where it begins inside of another operation. */
  parent?: Parent;
  /** Queue of that operation. */
  parentQueue?: string;
  /** What the type determines of the submission. */
  prepared?: Prepared;
  /** What the submitter should know. */
  warning?: string;
}

export interface AdmissionContext {
  loader: Pick<Types, "prepare" | "resolve" | "types">;
  queues: Pick<Queues, "check" | "known">;
  hosts: Pick<Hosts, "checkPlacement" | "place">;
  settings: Pick<Settings, "fromDaemon">;
  /** @throws Refusal where the id, or prefix, matches none or several */
  find(idOrPrefix: string): Promise<Entry>;
}

/** The draft with this index is refused, and all others with it. */
export class RefusedDraft extends Error {
  constructor(
    readonly index: number,
    readonly refusal: Refusal,
  ) {
    super(refusal.message);
  }
}

type Step = (drafts: readonly Draft[], context: AdmissionContext) => Promise<Draft[]>;

const STEPS: readonly Step[] = [
  each(placement),
  each(dependencies),
  each(options),
  parameters,
  each(size),
  each(secrets),
  each(next),
  each(names),
  each(queue),
];

/** A submission, and the variables and secrets of its attempts. */
interface Admitted {
  submission: Submission;
  env: Record<string, string>;
  secrets: Draft["secrets"];
  warning: string | undefined;
}

/** @throws RefusedDraft */
export async function admit(
  drafts: readonly Draft[],
  context: AdmissionContext,
): Promise<Admitted[]> {
  let admitted = drafts;
  for (const step of STEPS) admitted = await step(admitted, context);
  return admitted.map((draft) => ({
    submission: submissionOf(draft),
    env: draft.env ?? NO_ENV,
    secrets: draft.secrets,
    warning: draft.warning,
  }));
}

/** A step of one draft, as a step of all. */
function each(step: (draft: Draft, context: AdmissionContext) => Draft | Promise<Draft>): Step {
  return async (drafts, context) => {
    const done: Draft[] = [];
    for (const [index, draft] of drafts.entries()) {
      try {
        done.push(await step(draft, context));
      } catch (error) {
        throw error instanceof Refusal ? new RefusedDraft(index, error) : error;
      }
    }
    return done;
  };
}

async function placement(draft: Draft, { hosts }: AdmissionContext): Promise<Draft> {
  await hosts.checkPlacement(draft);
  return hosts.place(draft);
}

/** Completes the ids of the operations that this one waits for. */
async function dependencies(draft: Draft, { find }: AdmissionContext): Promise<Draft> {
  const completed = { ...draft };
  for (const key of ["after", "afterAny"] as const) {
    const ids: string[] = [];
    for (const id of draft[key] ?? []) ids.push((await find(id)).record.id);
    if (ids.length > 0) completed[key] = [...new Set(ids)];
    else delete completed[key];
  }
  return completed;
}

/** Leaves out empty options, and writes the others in one form. */
function options(draft: Draft): Draft {
  const isEmpty = (value: unknown) =>
    value === "" || (value instanceof Object && Object.keys(value).length === 0);
  const options = { ...draft };
  for (const name of RECORDED) if (isEmpty(options[name])) delete options[name];
  return normalFields(options);
}

/** One question to the loader about all drafts. */
async function parameters(
  drafts: readonly Draft[],
  { loader }: AdmissionContext,
): Promise<Draft[]> {
  const answers = await loader.prepare(
    drafts.map(({ op, params, set }) => ({ op, input: { params, set } })),
  );
  if (!Array.isArray(answers)) throw new RefusedDraft(answers.index, answers.refusal);
  return drafts.map((draft, index) => ({ ...draft, prepared: answers[index]! }));
}

/** @throws Refusal where the parameters are too large for a record */
export function checkSize(params: Operation["params"]): void {
  const bytes = Buffer.byteLength(JSON.stringify(params));
  if (bytes <= MAX_PARAMS) return;
  throw new Refusal(
    "LIVEOPS_TOO_LARGE",
    `the parameters have ${bytes} bytes as JSON, more than ${MAX_PARAMS}; write the large value to a file and give the path of the file`,
  );
}

function size(draft: Draft): Draft {
  checkSize(draft.prepared!.params);
  return draft;
}

/**
 * A client that gets this refusal adds what its own shell has. A schedule takes secrets from the
 * daemon.
 */
function secrets(draft: Draft, { hosts, settings }: AdmissionContext): Draft {
  const sources = draft.prepared?.secretSources;
  if (sources === undefined) return draft;
  const env = { ...childEnvironment(process.env, settings.fromDaemon).env, ...draft.env };
  const given = draft.schedule === undefined ? {} : valuesOf(sources, process.env);
  const values = { ...given, ...draft.secrets };
  const missing = missingIn(sources, env, values);
  if (Object.keys(missing).length > 0) throw missingSecrets(missing, draft.schedule !== undefined);
  // Values of secrets stay on this host.
  return Object.keys(given).length === 0 ? draft : hosts.place({ ...draft, secrets: values });
}

/** A type may come until the pipeline ends, so that a missing one is no error yet. */
async function next(draft: Draft, { loader }: AdmissionContext): Promise<Draft> {
  const name = draft.prepared?.next;
  if (name === undefined) return draft;
  const found = await loader.resolve(name);
  if (!("reason" in found)) return draft;
  const names = (await loader.types()).ops.map(({ op }) => op);
  if (names.includes(name)) return draft;
  const near = nearest(name, names);
  const why =
    near.length === 0
      ? `: ${found.reason}`
      : `; there is no such operation type now, did you mean ${near.join(" or ")}?`;
  const warning = `then continues with ${name}, so that the pipeline would fail at its end${why}`;
  return { ...draft, warning };
}

/**
 * Queues and types of the operations inside of a pipeline must be there: nobody is when their turn
 * comes.
 */
async function names(draft: Draft, { loader, queues }: AdmissionContext): Promise<Draft> {
  const { uses = [], source, params } = draft.prepared!;
  if (uses.length === 0) return draft;
  const all = await queues.known();
  const types = new Map((await loader.types()).ops.map(({ op, params: schema }) => [op, schema]));
  const [first, ...others] = problemsOfNames(uses, { queues: all, types });
  if (first === undefined) return draft;
  const own = source?.path ?? keptTextIn(params)?.path ?? "stdin";
  const lines = [first, ...others].map(
    ({ file = own, line, column, message }) => `${file}:${line}:${column}: ${message}`,
  );
  throw new Refusal("LIVEOPS_PARAMS_INVALID", lines.join("\n"), { nearest: first.nearest });
}

/** A type may name a queue. */
async function queue(draft: Draft, { queues }: AdmissionContext): Promise<Draft> {
  const name = draft.queue ?? draft.prepared?.queue ?? draft.parentQueue ?? DEFAULT_QUEUE;
  await queues.check(name);
  return { ...draft, queue: name };
}

const NO_ENV: Record<string, string> = Object.freeze({});

/** Defaults are left out, so that the records of the journal stay short. */
function submissionOf(draft: Draft): Submission {
  const id = newId();
  const {
    op,
    title,
    params,
    stages,
    secretSources: _,
    next: __,
    uses: ___,
    ...ofType
  } = draft.prepared!;
  const submission: Submission = {
    id,
    op,
    title,
    label: null,
    cwd: homedir(),
    params,
    stages,
    chain: { id, index: 0, previous: null, next: null },
    ...ofType,
    ...pick(draft, [...RECORDED, "againOf", "schedule", "parent"]),
  };
  return withoutDefaults(submission);
}

/** @param isScheduled - a schedule has no shell that could give them */
function missingSecrets(sources: SecretSources, isScheduled: boolean): Refusal {
  const problems = Object.entries(sources).map(([name, source]) =>
    whyNoSecret(name, source, isScheduled),
  );
  const extra = isScheduled ? {} : { secrets: Object.values(sources) };
  return new Refusal("LIVEOPS_SECRET_MISSING", problems.join("\n"), extra);
}

function whyNoSecret(name: string, source: string, isScheduled: boolean): string {
  const [, variable] = /^env:(.*)$/s.exec(source) ?? [];
  if (variable === undefined) {
    const why = isScheduled ? "a schedule has no terminal" : "the submit has no value";
    return `the secret ${name} is typed at the submit, and ${why}; give ${name}=file:PATH or ${name}=env:NAME`;
  }
  if (!isScheduled)
    return `the secret ${name} is the variable ${variable} of the shell of the submit, and it is not set; set and export it, or give ${name}=file:PATH`;
  return (
    `the secret ${name} is the variable ${variable}; a schedule has no shell, and the daemon has no such variable; ` +
    `give ${name}=file:PATH, or set it for the daemon: ${variable}=… liveopsd restart, for a service in its unit`
  );
}
