/** The timeline of a chain: its waterfall on the whole screen, with the stages of all links. */

import { chainOf, operationOf } from "../../dashboard/core/chain.js";
import { pictureOf } from "../../dashboard/core/lanes.js";
import { BORDER, panesOf } from "../../dashboard/core/layout.js";
import type { PageOf, State } from "../../dashboard/core/model.js";
import { Panel, Rows } from "../../dashboard/core/Panel.js";
import { timeTexts } from "../../dashboard/pages/operation/times.js";
import { pictureRows } from "../../dashboard/pages/operation/waterfall.js";
import { formatDuration } from "../../terminal/format.js";

export function Timeline({ state, page }: { state: State; page: PageOf<"timeline"> }) {
  const { height } = panesOf(state);
  const { columns } = state.size;
  const operation = operationOf(state, page.id);
  if (operation === null) return null;
  const links = chainOf(state, operation);
  const picture = pictureOf(state, operation, links, true);
  const seconds = (Math.min(picture.now, picture.end) - picture.start) / 1000;
  const width = columns - 4;
  const head = timeTexts({ state, operation, links, width });
  const rows = pictureRows(picture, head, width, height - BORDER);
  return (
    <Panel
      width={columns}
      height={height}
      title={[["Timeline", "bold"]]}
      right={[[formatDuration(seconds)]]}
      active
      margin={1}
    >
      <Rows rows={rows} />
    </Panel>
  );
}
