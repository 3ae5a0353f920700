/** Generates the table of docs/pipelines.md from the recognisers. */
import { RECOGNISERS } from "../../ops/features/recognisers/index.js";
import { type Regions, table } from "./markdown.js";

export function programRegions(): Regions {
  const rows = RECOGNISERS.flatMap(({ programs }) => programs).map(
    ({ name, shows, add, needs }) => [
      name,
      add === "" ? "nothing" : add,
      needs === "tty" ? "`tty: true`" : "a pipe is enough",
      shows,
    ],
  );
  rows.sort(
    ([a = ""], [b = ""]) => Number(isForm(a)) - Number(isForm(b)) || a.localeCompare(b, "en"),
  );
  return { programs: table(["program", "add to the command", "terminal", "the bar shows"], rows) };
}

/** The forms that any program may print stand at the end. */
function isForm(name: string): boolean {
  return name.startsWith("a ");
}
