/** What a group of actions is: each by its name, from the state before it to the state after. */
import type { State } from "../model.js";

export type Press = (state: State) => State;
export type Presses = Readonly<Record<string, Press>>;
