/**
 * The loader: a process that imports every operation type, describes them, and reads parameters against them.
 *
 * Schemas are the user's code and may hang or crash; here they take down nothing but this process. The daemon starts
 * another when a file was edited.
 */

import { loadCatalogue } from "../../ops/api/catalogue.js";
import { describeType } from "../../ops/api/describe.js";
import { prepareSubmission } from "../../ops/api/prepare.js";
import { enableUserCode, loadedUserFiles } from "../../ops/api/user-code.js";
import { type Problem, Refusal } from "../../protocol/errors.js";
import type { Submission } from "../../protocol/fact.js";
import { noSuchType } from "../../protocol/no-such-type.js";
import type { TypesReply } from "../../protocol/routes.js";
import type { FromLoader, LoaderSetup, PrepareAsk, ToLoader } from "./messages.js";

const { dirs, skip } = JSON.parse(process.argv[2] ?? "{}") as LoaderSetup;
process.on("disconnect", () => process.exit(0));
// What user code prints or throws while it is loaded is not ours to die of.
process.on("uncaughtException", (error) => process.stderr.write(`${error.stack ?? error}\n`));

enableUserCode(new URL("./liveops.js", import.meta.url).href);
const catalogue = await loadCatalogue(dirs, {
  skip: skip.map(({ file }) => file),
  onFile: (file) => send({ type: "loading", file }),
});
const types: TypesReply = {
  ops: [...catalogue.types.values()].map(({ Type, file }) => describeType(Type, file)),
  errors: [...skip, ...catalogue.errors],
  shadowed: catalogue.shadowed,
};

process.on("message", (message: ToLoader) => void answer(message));
send({ type: "loaded", types, files: loadedUserFiles(), late: catalogue.late });

async function answer(message: ToLoader): Promise<void> {
  const { call } = message;
  if (message.type === "types") return send({ call, type: "types", types });
  const submissions: Submission[] = [];
  try {
    for (const ask of message.asks) submissions.push(await prepare(ask));
    send({ call, type: "prepared", submissions });
  } catch (error) {
    send({ call, type: "refused", index: submissions.length, problem: asProblem(error) });
  }
}

async function prepare({ op, input, rest }: PrepareAsk): Promise<Submission> {
  const found = catalogue.types.get(op);
  if (!found) throw noSuchType(op, catalogue.types.keys(), catalogue.errors.length + skip.length);
  return await prepareSubmission(found.Type, input, rest);
}

function asProblem(error: unknown): Problem {
  if (error instanceof Refusal) return error.toProblem();
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${stack}\n`);
  return new Refusal(
    "LIVEOPS_PARAMS_INVALID",
    `the type's own code failed on the parameters: ${message}`,
  ).toProblem();
}

function send(message: FromLoader): void {
  if (process.connected) process.send?.(message);
}
