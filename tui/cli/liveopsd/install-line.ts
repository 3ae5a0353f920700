/** The `liveopsd install` to type so that a service gets other options, or runs another package. */
import { shellLine } from "../../../protocol/text/shell-quote.js";
import type { InstallableService } from "./service/service.js";
import { readServiceFile } from "./service/service-file.js";

/** @param options words of the command; default: those of the present file */
export function installLine({ name, file }: InstallableService, options?: readonly string[]): string {
  const own = /^liveopsd-(.+)\.service$/.exec(name)?.[1];
  const found = readServiceFile(file);
  const words = "origin" in found ? found.origin.options : [];
  const at = words.indexOf("--state-dir");
  const place = at < 0 ? [] : words.slice(at, at + 2);
  return shellLine([
    ...["liveopsd", "install"],
    ...(own === undefined ? [] : ["--name", own]),
    ...(options === undefined ? words : [...place, ...options]),
  ]);
}
