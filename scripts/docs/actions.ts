/**
 * Generates the tables of docs/queues.md from the events of actions and the variables of their
 * commands.
 */
import { ACTION_VARIABLES, EVENT_TEXTS, EVENTS } from "../../protocol/actions.js";
import { code, type Regions, table } from "./markdown.js";

export function actionRegions(): Regions {
  return {
    events: table(
      ["event", "when"],
      EVENTS.map((event) => [code(event), EVENT_TEXTS[event]]),
    ),
    variables: table(
      ["variable", "value"],
      Object.entries(ACTION_VARIABLES).map(([name, text]) => [code(name), text]),
    ),
  };
}
