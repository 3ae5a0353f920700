/** The one host of a daemon without a fleet: this machine. */
import { freemem, hostname, loadavg, totalmem } from "node:os";
import { Refusal } from "../../protocol/errors.js";
import type { HostsReply } from "../../protocol/replies.js";
import { ownMemory } from "../../protocol/system/own-process.js";
import { VERSION } from "../../protocol/version.js";
import type { EngineParts } from "../engine.js";
import type { Hosts, Placement } from "./hosts.js";

type Services = Pick<EngineParts, "scheduler" | "queues" | "loader">;

const START_FLEET = "start it in a fleet with: liveops start --fleet URL";

export class EmbeddedHosts implements Hosts {
  readonly name = hostname();
  readonly #startedAt = new Date().toISOString();
  readonly isDraining = false;

  constructor(private readonly services: Services) {}

  engine(): null {
    return null;
  }

  async describe(): Promise<HostsReply> {
    const { scheduler, queues, loader } = this.services;
    const { rss, heapUsed } = ownMemory();
    const host = {
      name: this.name,
      state: "up" as const,
      since: null,
      session: 0,
      tags: [],
      slots: queues.slots,
      running: scheduler.attempts.size,
      draining: false,
      load: loadavg()[0] ?? null,
      memory: rss === null ? null : { rss, heapUsed, free: freemem(), total: totalmem() },
      version: VERSION,
      joinedAt: this.#startedAt,
      renewedAt: new Date().toISOString(),
      skewMs: null,
      types: loader.typeCount,
    };
    return { engine: null, hosts: [host] };
  }

  async declareLost(name: string): Promise<HostsReply> {
    throw new Refusal(
      "LIVEOPS_NOT_A_FLEET",
      `the host ${JSON.stringify(name)} cannot be declared lost: this daemon runs alone on ${this.name}; ${START_FLEET}`,
    );
  }

  async drain(): Promise<HostsReply> {
    throw new Refusal(
      "LIVEOPS_NOT_A_FLEET",
      `${this.name} cannot be drained: its daemon runs alone; to start no more operations: liveops pause --all`,
    );
  }

  async checkPlacement({ on, tags = [] }: Placement): Promise<void> {
    if (on != null && on !== this.name)
      throw new Refusal(
        "LIVEOPS_NOT_A_FLEET",
        `there is no host ${JSON.stringify(on)}: this daemon runs alone on ${this.name}; ${START_FLEET}`,
      );
    if (tags.length > 0)
      throw new Refusal(
        "LIVEOPS_NOT_A_FLEET",
        `no host has the tag ${tags.join(", ")}: this daemon runs alone on ${this.name}, without tags; ${START_FLEET} --tags ${tags.join(",")}`,
      );
  }

  place<B>(body: B): B {
    return body;
  }

  blocked(): null {
    return null;
  }
}
