/**
 * The operation types of a fleet: those that load here, and those that other hosts have published.
 * Who lacks a type checks parameters by its published schema.
 */
import type { Prepared } from "../../../ops/types/prepare.js";
import { Refusal } from "../../../protocol/errors.js";
import type { OperationType, TypesReply } from "../../../protocol/replies.js";
import { policyOf, type RefusedAsk, type Types } from "../../loader/loader.js";
import type { PrepareAsk, ResolvedType, Unresolved } from "../../loader/messages.js";
import type { FleetHosts } from "./fleet-hosts.js";

/**
 * The bundle that reads parameters by a published schema: it has zod, which the daemon does not
 * load.
 */
type PublishedBundle = typeof import("../../../ops/types/published-type.js");

export class FleetTypes implements Types {
  /** @param local the types of this host */
  constructor(
    private readonly hosts: Pick<FleetHosts, "types">,
    private readonly local: Types,
  ) {}

  async types(): Promise<TypesReply> {
    const reply = await this.local.types();
    const known = new Set([...reply.ops, ...reply.notLoaded].map(({ op }) => op));
    const others = [...this.#published().values()].filter(({ op }) => !known.has(op));
    return { ...reply, ops: [...reply.ops, ...others].sort((a, b) => (a.op < b.op ? -1 : 1)) };
  }

  isBroken(op: string): boolean {
    return this.local.isBroken(op);
  }

  async resolve(op: string): Promise<ResolvedType | Unresolved> {
    const found = await this.local.resolve(op);
    const type = "reason" in found ? this.#published().get(op) : undefined;
    return type ? { file: type.file, policy: policyOf(type) } : found;
  }

  async prepare(asks: PrepareAsk[]): Promise<Prepared[] | RefusedAsk> {
    const all = await this.local.prepare(asks);
    if (Array.isArray(all) || this.#typeElsewhere(asks[all.index]!.op, all.refusal) === undefined)
      return all;
    const prepared: Prepared[] = [];
    for (const [index, ask] of asks.entries()) {
      const one = await this.#prepare(ask);
      if (one instanceof Refusal) return { index, refusal: one };
      prepared.push(one);
    }
    return prepared;
  }

  async #prepare(ask: PrepareAsk): Promise<Prepared | Refusal> {
    const here = await this.local.prepare([ask]);
    if (Array.isArray(here)) return here[0]!;
    const type = this.#typeElsewhere(ask.op, here.refusal);
    if (type === undefined) return here.refusal;
    try {
      return await prepareByPublished(type, ask);
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  /** The published type, where none loads here. A file that does not load here is other code. */
  #typeElsewhere(op: string, { code }: Refusal): OperationType | undefined {
    return code === "LIVEOPS_NO_SUCH_TYPE" && !this.isBroken(op)
      ? this.#published().get(op)
      : undefined;
  }

  /** By name; the first host that has published a type counts. */
  #published(): Map<string, OperationType> {
    const types = new Map<string, OperationType>();
    for (const { op, host, body } of this.hosts.types) {
      if (types.has(op)) continue;
      const type = JSON.parse(body) as OperationType;
      types.set(op, { ...type, file: `${host}:${type.file}` });
    }
    return types;
  }
}

/** Loaded only where it is needed. */
const BUNDLE: string = "./published-type.js";

async function prepareByPublished(type: OperationType, { input }: PrepareAsk): Promise<Prepared> {
  const bundle = (await import(BUNDLE)) as PublishedBundle;
  return bundle.preparePublished(type, input);
}
