/** The timeline of a chain: its waterfall on the whole screen. */

import { chainOf, operationOf } from "../../dashboard/core/chain.js";
import { titleNamed } from "../../dashboard/core/history.js";
import { lanesOfRecords, placeIn, withPauses, withUsual } from "../../dashboard/core/lanes.js";
import { BORDER, panesOf } from "../../dashboard/core/layout.js";
import type { State, TimelinePage } from "../../dashboard/core/model.js";
import { Panel, Rows, useTheme } from "../../dashboard/core/Panel.js";
import { waterfall } from "../../dashboard/pages/operation/waterfall.js";
import type { Piece } from "../../dashboard/text/line.js";
import { formatCount, formatDuration } from "../../terminal/format.js";

export function Timeline({ state, page }: { state: State; page: TimelinePage }) {
  const { paint } = useTheme();
  const { height } = panesOf(state);
  const { columns } = state.size;
  const operation = operationOf(state, page.id);
  const links = operation === null ? [] : chainOf(state, operation);
  const records = new Map(links.map((link) => [link.id, link]));
  // The records show the last attempts until the events are read.
  const known = page.read?.lanes ?? lanesOfRecords(links);
  const { start, lanes } = withUsual(state, withPauses(known, records), links);
  const titles = new Map(lanes.map(({ id }) => [id, records.get(id)?.title ?? titleNamed(state, id)]));
  const at = placeIn({ start, lanes }, state.now);
  const left = page.read?.left ?? 0;
  const missing: Piece[] = left === 0 ? [] : [[`${formatCount(left)} spans left out · `, "warn"]];
  const picture = { lanes, records, titles, current: page.id, start, at };
  return (
    <Panel
      width={columns}
      height={height}
      title={[["Timeline", "bold"]]}
      right={[...missing, [formatDuration(at / 1000)]]}
      active
      margin={1}
    >
      <Rows rows={waterfall(picture, columns - 4, height - BORDER, paint)} />
    </Panel>
  );
}
