/** What is asked for to submit: the types of operations. */
import type { TypesReply } from "../../../../protocol/replies.js";
import { inPipelines } from "../../../kit/pipelines.js";
import { ask } from "../../core/ask.js";
import { notify, patched } from "../../core/model.js";

export const types = ask({
  want: (state) => (state.submit.typesWanted ? {} : null),
  take: (state, types: TypesReply | Error) =>
    types instanceof Error
      ? patched(notify(state, types.message, "error"), "submit", { typesWanted: false })
      : patched(state, "submit", { types, typesWanted: false }),
  bring: (_want, { client, tell, flags }) =>
    client.types().then(
      async (types) => {
        // A pipeline of this directory runs where this directory is.
        tell(flags.remote === undefined ? await withPipelines(types) : types);
      },
      (error: Error) => tell(error),
    ),
});

/** The pipelines of the directory of the dashboard, before the types of the daemon. */
async function withPipelines(types: TypesReply): Promise<TypesReply> {
  const none = { ops: [], errors: [] };
  const here = await inPipelines(({ pipelinesIn }) => pipelinesIn(process.cwd())).catch(() => none);
  return { ...types, ops: [...here.ops, ...types.ops], errors: [...here.errors, ...types.errors] };
}
