/** The directory and the variables that a submit takes along from this process. */
import { isAbsolute, resolve } from "node:path";
import { capturedVariables, isOfAMachine, type Variables } from "../environment.js";
import { UsageError } from "../failures.js";
import { remoteOf } from "./address.js";

export interface Origin {
  session?: string;
  submittedFrom?: string;
}

export interface SubmitPlace extends Origin {
  /** Absent: the home directory of the daemon's user. */
  cwd?: string;
  env: Record<string, string>;
}

interface GivenPlace {
  /** Default: the current directory. */
  cwd?: string | undefined;
  /** `env.allow` of the config file. */
  allow: readonly string[] | undefined;
}

/**
 * The directory and the variables to send. Another machine gets no directory and no paths of this
 * one.
 *
 * @param socket - of the client
 * @throws UsageError where a directory of another machine is relative
 */
export function submitPlace(
  socket: string,
  { cwd, allow }: GivenPlace,
  env: Variables = process.env,
): SubmitPlace {
  const variables = submitVariables(socket, allow, env);
  const here = remoteOf(socket) === null ? "." : undefined;
  const given = cwd ?? here;
  const place = given === undefined ? undefined : directoryOn(socket, given);
  return {
    cwd: place,
    env: variables,
    ...originOf(socket, place, env),
  };
}

/**
 * Who submits, and from where.
 *
 * @param cwd - of the operation; undefined: it is not known here
 */
export function originOf(
  socket: string,
  cwd: string | undefined,
  { LIVEOPS_SESSION: session }: Variables = process.env,
): Origin {
  const here = remoteOf(socket) === null && cwd !== undefined ? resolve(".") : cwd;
  return {
    ...(session && { session }),
    ...(here !== undefined && here !== cwd && { submittedFrom: here }),
  };
}

/** @param allow - `env.allow` of the config file */
export function submitVariables(
  socket: string,
  allow: readonly string[] | undefined,
  env: Variables = process.env,
): Record<string, string> {
  const captured = capturedVariables(env, allow);
  if (remoteOf(socket) === null) return captured;
  return Object.fromEntries(Object.entries(captured).filter(([name]) => !isOfAMachine(name)));
}

/**
 * A directory that was given: relative to the current one, or absolute on another machine. @throws
 * UsageError
 */
export function directoryOn(socket: string, cwd: string): string {
  const remote = remoteOf(socket);
  if (remote === null) return resolve(cwd);
  if (isAbsolute(cwd)) return cwd;
  throw new UsageError(
    `the directory ${cwd} is relative, and the operation runs on ${remote.name}`,
    "give an absolute path of that machine: --cwd /srv/build",
  );
}
