/** The class, the type's name and the file that `liveops new <Name>` makes of what was typed. Pure. */
import { UsageError } from "../../../protocol/command/failures.js";

export interface NewNames {
  /** `ImportUsers` */
  className: string;
  /** `import-users`: what one submits, as `LiveOperation` derives it from the class. */
  op: string;
  /** `import-users.ts` */
  file: string;
  /** `Import Users` */
  title: string;
}

/** `ImportUsers`, `importUsers`, `import-users` and `import_users` are one name. */
export function newNames(typed: string): NewNames {
  if (!/^[A-Za-z][A-Za-z0-9]*(?:[-_ ][A-Za-z0-9]+)*$/.test(typed)) {
    throw new UsageError(
      `${JSON.stringify(typed)} is no name for an operation; it begins with a letter and has letters, digits and dashes`,
      "liveops new ImportUsers",
    );
  }
  const className = typed
    .split(/[-_ ]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
  const parts = className
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .split(" ");
  const op = parts.join("-").toLowerCase();
  return { className, op, file: `${op}.ts`, title: parts.join(" ") };
}
