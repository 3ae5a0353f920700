import type { Operation } from "../../../../protocol/operation.js";
import type { State } from "../../core/model.js";
import type { Line } from "../../text/line.js";

/** What the rows of the selected operation are made of. */
export interface DetailView {
  readonly state: State;
  readonly operation: Operation;
  /** Of the chain. */
  readonly links: readonly Operation[];
  readonly width: number;
  readonly line: () => Line;
}
