/**
 * What is asked for of the list: older and queued operations, the one of the command line, and what
 * ended since the last look.
 */
import { exitCodeOfStatus, Refusal } from "../../../../protocol/errors.js";
import type { Operation } from "../../../../protocol/operation.js";
import { newEnds } from "../../../describe/looked.js";
import { waitOf } from "../../../describe/waits.js";
import { ask, TYPING } from "../../core/ask.js";
import {
  addPage,
  type PageReply,
  type PageWanted,
  pageQuery,
  wantedPage,
  wantedQueuePage,
} from "../../core/layout/paging.js";
import type { Paging } from "../../core/list/listing.js";
import { addFetched } from "../../core/list/watched.js";
import { patched, type State } from "../../core/model.js";
import { select, settleSelection } from "../../core/operation/select.js";

const pagesOf = (section: keyof Paging, want: (state: State) => PageWanted | null) =>
  ask({
    want,
    // While a person types a filter, it is not asked for at each letter.
    wait: ({ text, before }) => (text !== "" && before === null ? TYPING : 0),
    take: (state, reply: PageReply, wanted) =>
      settleSelection(state, addPage(state, section, wanted, reply)),
    bring: async (wanted, { client, tell, state }) =>
      tell(await client.list(pageQuery(state(), section, wanted))),
  });

export const page = pagesOf("finished", wantedPage);
export const queue = pagesOf("queued", wantedQueuePage);

export const find = ask({
  want: (state) => (state.selection.wanted !== null ? { id: state.selection.wanted } : null),
  take(state, operation: Operation) {
    const next = select(addFetched(state, [operation]), operation.id);
    return patched(next, "selection", { wanted: null, movedAt: state.now });
  },
  bring: ({ id }, { client, dispatch, tell }) =>
    client.show(id).then(tell, (error: Error) => {
      // Any other error means that the daemon does not answer. The request is repeated when it is
      // back.
      if (error instanceof Refusal)
        dispatch({
          type: "not-found",
          code: exitCodeOfStatus(error.status),
          message: error.message,
        });
    }),
});

/** The stream brings what ends from now on. */
export const ends = ask({
  want: () => ({}),
  take: (state, operations: readonly Operation[]) => addFetched(state, operations),
  async bring(_want, { client, state, now, tell, left }) {
    const ends = await newEnds(client, state().looked, now(), left);
    tell(ends.filter((it) => waitOf(it) !== null));
  },
});
