/**
 * The hosts that run operations: this one alone (`embedded-hosts.ts`), or all hosts with the same
 * engine.
 *
 * Routes and submits know only this interface.
 */
import type { Blocked } from "../../protocol/operation.js";
import type { EngineState, HostsReply } from "../../protocol/replies.js";
import type { Entry } from "../store/decision.js";

/** The parts of a submit that depend on the host that runs the operation. */
export interface Placeable {
  /** The only host that may run the operation; absent or null: any host. */
  on?: string | null | undefined;
  /** Tags that a host must have to run it. */
  tags?: readonly string[] | undefined;
  cwd?: string | undefined;
  env?: Record<string, string> | undefined;
  secrets?: Record<string, string> | undefined;
}

export type Placement = Pick<Placeable, "on" | "tags" | "cwd">;

export interface Hosts {
  /** Name of this host, as `describe` lists it. */
  readonly name: string;
  /** No more operations start on this host. */
  readonly isDraining: boolean;
  /**
   * The engine as this daemon sees it; null: the daemon runs alone. Asks nobody, so that a status
   * never waits.
   */
  engine(): EngineState | null;
  /**
   * All hosts, sorted by name. While the engine is away, the reply is what was known last.
   *
   * @throws Refusal LIVEOPS_ENGINE_AWAY where nothing is known yet
   */
  describe(): Promise<HostsReply>;
  /**
   * Peers take over the operations of the host at once.
   *
   * @throws Refusal LIVEOPS_NOT_A_FLEET, LIVEOPS_NO_SUCH_HOST, LIVEOPS_WRONG_STATE,
   *   LIVEOPS_ENGINE_AWAY, LIVEOPS_ENGINE_BEHIND
   */
  declareLost(name: string): Promise<HostsReply>;
  /**
   * Starts no more operations on this host; with false, starts them again. It outlives a restart.
   *
   * @throws Refusal LIVEOPS_NOT_A_FLEET, LIVEOPS_WRONG_STATE, LIVEOPS_ENGINE_AWAY
   */
  drain(isDraining: boolean): Promise<HostsReply>;
  /**
   * Checks where a submit wants its operation to run, before anything is recorded.
   *
   * @throws Refusal LIVEOPS_NOT_A_FLEET, or LIVEOPS_NO_SUCH_HOST where no host has this name
   */
  checkPlacement(body: Placement): Promise<void>;
  /**
   * The submit as it holds on the host that will run the operation.
   *
   * @throws Refusal where the submit holds only here, and asks for another host
   */
  place<B extends Placeable>(body: B): B;
  /** Why no host starts a queued operation now; null: one does. */
  blocked(entry: Entry): Blocked | null;
}
