/**
 * `--host ADDRESS` and `LIVEOPS_HOST`: the daemon of another machine. Commands on the files of this
 * machine refuse the option.
 */
import { type Command, Option } from "commander";
import {
  ADDRESS_EXAMPLE,
  ADDRESS_FORMS,
  type Address,
  parseAddress,
  remoteOf,
} from "../../protocol/client/address.js";
import type { GlobalOptions } from "../../protocol/client/daemon-address.js";
import { UsageError } from "../../protocol/failures.js";
import { shellLine } from "../../protocol/text/shell-quote.js";
import { say } from "./report.js";

/** What a command does with `--host`. */
export type HostUse =
  /** It asks the daemon of the host. */
  | "one"
  /** It works on this machine only. */
  | "none"
  /** As `none`, and `--host` is the name of this machine among its hosts. */
  | "own-name";

const uses = new WeakMap<Command, HostUse>();

/** Commands on the daemon itself, in `liveops`. */
const ofDaemon = new WeakSet<Command>();

export function markOfDaemon(command: Command): void {
  ofDaemon.add(command);
}

/** Whether the command works on the daemon itself, and not on its operations. */
export function isOfDaemon(command: Command): boolean {
  if (ofDaemon.has(command)) return true;
  return command.parent ? isOfDaemon(command.parent) : command.name() === "liveopsd";
}

/** What does on another machine what a command does here. */
const INSTEAD: Record<string, (address: string) => string> = {
  "liveops run": (address) => `on that machine, run: liveops submit --follow --host ${address}`,
};

const TEXT: Record<Exclude<HostUse, "own-name">, string> = {
  one: `Ask the daemon of another machine: ${ADDRESS_EXAMPLE}`,
  none: "Not for this command, which works on this machine",
};

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Adds `--host` to a command. Its value is read before the action of the command. */
export function addHostOption(command: Command, use = usual(command)): void {
  uses.set(command, use);
  // The command has an option of its own under this name.
  if (use === "own-name") return;
  const option = new Option("--host <address>", TEXT[use]).argParser(collect);
  command.addOption(use === "none" ? option.hideHelp() : option);
}

/** A subcommand does what its command does. */
function usual({ parent }: Command): HostUse {
  return parent !== null && uses.get(parent) === "none" ? "none" : "one";
}

/** The option as it was typed, and what the action of the command gets instead. */
interface HostValues extends GlobalOptions {
  host?: string[] | string;
}

/**
 * Replaces the value of `--host` by what the action reads: `remote` or `socket`. @throws UsageError
 */
export function readHostOption(command: Command, env = process.env): void {
  const use = uses.get(command);
  if (use === undefined) return;
  const before = [...parents(command)].flatMap((each) => valuesOf(each));
  const own = use === "own-name" ? [] : valuesOf(command);
  const { socket, stateDir } = merged(command);
  const isChosen = socket !== undefined || stateDir !== undefined;
  const all = [...before, ...own];
  if (use === "none" || use === "own-name") {
    refuseHosts(command, all, isChosen, env);
    return;
  }
  const targets = all.map((text) => parseAddress(text));
  if (targets.length > 0 && isChosen)
    throw new UsageError(
      "--host names a daemon, and so does --socket or --state-dir; give one of them",
      ADDRESS_FORMS,
    );
  const fromEnv =
    targets.length === 0 && !isChosen && env.LIVEOPS_HOST
      ? [parseAddress(env.LIVEOPS_HOST, "LIVEOPS_HOST")]
      : [];
  const addresses = distinct([...targets, ...fromEnv]);
  if (addresses.length > 1)
    throw new UsageError(
      `--host was given more than once: ${addresses.map(({ text }) => text).join(", ")}`,
      "a command asks one daemon; give one --host",
    );
  for (const each of [command, ...parents(command)]) each.setOptionValue("host", undefined);
  const [first] = addresses;
  for (const [name, value] of Object.entries(first?.options ?? {}))
    command.setOptionValue(name, value);
}

function distinct(addresses: Address[]): Address[] {
  return [...new Map(addresses.map((each) => [each.text, each])).values()];
}

function valuesOf(command: Command): string[] {
  const value = command.opts<HostValues>().host;
  return Array.isArray(value) ? value : [];
}

function* parents(command: Command): Generator<Command> {
  for (let each = command.parent; each; each = each.parent) yield each;
}

function merged(command: Command): GlobalOptions {
  return command.parent ? { ...merged(command.parent), ...command.opts() } : command.opts();
}

/** A command of this machine: `--host` is wrong, and LIVEOPS_HOST is not meant for it. */
function refuseHosts(
  command: Command,
  given: string[],
  isChosen: boolean,
  env: Record<string, string | undefined>,
): void {
  const words = pathOf(command);
  const line = shellLine(words);
  const [text] = given;
  if (text !== undefined) {
    const remote = remoteOf(parseAddress(text).options.remote);
    throw new UsageError(
      `${line} works on this machine, and takes no --host`,
      remote === null
        ? "leave out --host"
        : (INSTEAD[line]?.(remote.text) ?? `on that machine, run: ${remote.commandLine(words)}`),
    );
  }
  // What a person asks of the daemon beside LIVEOPS_HOST could be meant for that host.
  const isTyped = isOfDaemon(command) && process.send === undefined;
  if (env.LIVEOPS_HOST && isTyped && !isChosen)
    say(
      { program: words[0]! },
      `${line} works on this machine, whatever LIVEOPS_HOST says`,
      "yellow",
    );
}

/** `liveops`, `queue`, `set`. */
function pathOf(command: Command): string[] {
  return [...(command.parent ? pathOf(command.parent) : []), command.name()];
}
