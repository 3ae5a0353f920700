/** The panel of the selected operation. */
import type { Operation } from "../../../../protocol/operation.js";
import { elapsedOf } from "../../../describe/duration.js";
import { formatDuration } from "../../../terminal/format.js";
import {
  chainOf,
  isPaused,
  nameOfChain,
  selectedOperation,
  shellCommand,
} from "../../core/chain.js";
import { hostNames } from "../../core/hosts/hosts.js";
import { panesOf } from "../../core/layout/layout.js";
import { Panel, Rows } from "../../core/layout/Panel.js";
import type { State } from "../../core/model.js";
import { placeText } from "../../core/operation/inside.js";
import { isHeldByQueue } from "../../core/queues/queue-view.js";
import { glyphOf, stateWord, styleOf } from "../../core/state-style.js";
import { sanitizeLine } from "../../text/cells.js";
import { type Drawn, Line, type Piece } from "../../text/line.js";
import { detailPlan } from "./detail-plan.js";

export function OperationDetail({ state }: { state: State }) {
  const { detailWidth, height: detailHeight } = panesOf(state);
  const operation = selectedOperation(state);
  const { rows, width, height } = detailPlan(state);
  if (operation === null)
    return (
      <Panel width={detailWidth} height={detailHeight} title={[]} margin={1}>
        <Rows rows={nothingSelected(state, width)} />
      </Panel>
    );
  if (height === 0) return null;
  return (
    <Panel
      width={detailWidth}
      height={height}
      title={titleOf(state, operation)}
      right={[[stateText(state, operation), styleOf(operation)]]}
      active={state.pane === "detail"}
      margin={1}
    >
      <Rows rows={rows} />
    </Panel>
  );
}

const FILTERS = [
  ["nightly", "in name, type or id"],
  ["state:failed,cancelled", "in these states"],
  ["op:backup", "of a type"],
  ["label:nightly", "with such a label"],
  ["queue:gpu", "in a queue"],
  ["-op:shell", "all others"],
] as const;

/** A filter without matches often has the wrong syntax. */
function nothingSelected(state: State, width: number): Drawn[] {
  const { list } = state;
  const line = (text: string) => new Line(width).add(text, "muted");
  if (list.text === "" || list.order.length > 0) return ["", line("No operation selected")];
  const [host] = hostNames(state);
  const ofHost = host === undefined ? [] : [[`host:${sanitizeLine(host)}`, "on a host"] as const];
  const examples = [...FILTERS, ...ofHost].map(([filter, meaning]) =>
    new Line(width).add("  ").add(filter, "accent").fill(27).add(meaning, "muted"),
  );
  return ["", line("A filter has words and conditions:"), "", ...examples];
}

function titleOf(state: State, operation: Operation): Piece[] {
  const links = chainOf(state, operation);
  const around = sanitizeLine(placeText(state, operation));
  const name = sanitizeLine(nameOfChain(links));
  const titles = links.map(({ title }) => sanitizeLine(title));
  // The title of shell is its command once more.
  const same = titles[0] === name || shellCommand(operation) !== null;
  const rest = [same ? "" : titles[0], ...titles.slice(1)].join(" → ").trimStart();
  return [
    [`${glyphOf(operation)} `, styleOf(operation)],
    [name, "bold"],
    ...(rest === "" ? [] : [[` ${rest}`, "muted"] as const]),
    ...(around === "" ? [] : [[` in ${around}`, "muted"] as const]),
  ];
}

function stateText(state: State, operation: Operation): string {
  const word = isHeldByQueue(state, operation) ? "queue paused" : stateWord(operation);
  const seconds = elapsedOf(operation, state.now);
  const runs = operation.state === "running" && !isPaused(operation);
  if (panesOf(state).detailWidth >= 70 || !runs || seconds === null) return word;
  return `${word} ${formatDuration(seconds)}`;
}
