/** Text mode of an operation and its chain, without the operations inside of them. */
import type { Client } from "../../protocol/client/client.js";
import { type FollowedLine, followChain } from "../../protocol/client/follow.js";
import type { Reconnect } from "../../protocol/client/reconnect.js";
import type { EventLine } from "../../protocol/stream-lines.js";
import { step, type TextLine, textState } from "./lines.js";

export type TextOptions = NonNullable<Parameters<typeof textState>[0]>;

export interface ShownLine extends FollowedLine {
  /** The operation runs inside of another one. */
  isInside: boolean;
  /** The line belongs to an attempt before the first one to show. */
  isPast: boolean;
}

export interface ShowOptions extends Reconnect {
  /** Whether the first attempt to show begins with this line of the operation. */
  isBeginning(line: EventLine): boolean;
}

export async function* followLines(
  client: Pick<Client, "events">,
  id: string,
  options: ShowOptions,
): AsyncGenerator<ShownLine> {
  let isPast = true;
  for await (const each of followChain(client, id, options)) {
    if (options.isBeginning(each.line)) isPast = false;
    yield { ...each, isInside: false, isPast };
  }
}

export class ChainText {
  #state: ReturnType<typeof textState>;

  constructor(options?: TextOptions) {
    this.#state = textState(options);
  }

  take(_id: string, line: EventLine): TextLine[] {
    const { state, lines } = step(this.#state, line);
    this.#state = state;
    return lines;
  }
}
