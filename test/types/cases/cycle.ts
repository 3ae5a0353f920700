// A chain that is a cycle, its calls returned, one type without parameters.
import { LiveOperation, type Params, type Progress, z } from "liveops";

export class Ping extends LiveOperation<typeof Ping> {
  static params = z.object({ count: z.number() });
  static stages = ["Ping"] as const;
  async run(p: Progress<Ping>) {
    const count = await p.stage("Ping", () => this.params.count + 1);
    if (count < 10) return p.chainTo(Pong, { count });
    return p.chainTo(Rest);
  }
}

export class Pong extends LiveOperation<typeof Pong> {
  static params = z.object({ count: z.number() });
  static stages = (params: Params<typeof Pong>) => [`Pong ${params.count}`];
  run(p: Progress<Pong>) {
    return p.chainTo(Ping, { count: this.params.count + 1 });
  }
}

export class Rest extends LiveOperation<typeof Rest> {
  run(p: Progress<Rest>) {
    p.stage("any name", () => 1);
    p.chainTo(Rest, { whatever: true });
    p.chainTo(Ping, { count: 0 });
  }
}
