/** The operation types of directories, for `liveops ops --ops`: loaded in this process, as `liveops run` does. */
import { fileURLToPath } from "node:url";
import { loadCatalogue } from "../../../ops/loading/catalogue.js";
import { enableUserCode } from "../../../ops/loading/user-code.js";
import { describeType } from "../../../ops/types/describe-type.js";
import type { TypesReply } from "../../../protocol/replies.js";
import { CANCEL_VARIABLE, SKIP_VARIABLE, SUPERVISOR_VARIABLE } from "./child.js";
import { aside, tellSupervisor, written } from "./in-child.js";

/** Loads the types and prints them. Ends the process, because a file can leave timers and sockets open. */
export async function typesHere(
  opsDirs: readonly string[],
  print: (reply: TypesReply) => Promise<number>,
): Promise<never> {
  const skip = JSON.parse(process.env[SKIP_VARIABLE] ?? "[]") as string[];
  for (const name of [SKIP_VARIABLE, CANCEL_VARIABLE, SUPERVISOR_VARIABLE]) delete process.env[name];
  enableUserCode(new URL("./liveops.js", import.meta.url).href);
  const dirs = [...opsDirs, fileURLToPath(new URL("./ops", import.meta.url))];
  const onFile = (file: string) => tellSupervisor({ loading: file });
  const { types, errors, withoutType, notLoaded, shadowed } = await aside(() =>
    loadCatalogue(dirs, { onFile, skip }),
  );
  tellSupervisor({ loading: null });
  const ops = [...types.values()].map(({ Type, file }) => describeType(Type, file));
  const code = await print({ ops, errors, withoutType, notLoaded, shadowed });
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(code);
}
