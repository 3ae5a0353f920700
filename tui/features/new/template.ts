/**
 * Names and sources of the files that `liveops new` writes. Pure; a test compiles and runs the
 * files.
 */
import { UsageError } from "../../../protocol/failures.js";

export type SourceEnding = ".ts" | ".mts";

/** The names that `liveops new <Name>` derives from `<Name>`. */
export interface NewNames {
  /** `ImportUsers` */
  className: string;
  /** `import-users`: the name to submit, as `LiveOperation` derives it from the class. */
  op: string;
  /** `import-users.ts`, or `.mts` */
  file: string;
  /** `Import Users` */
  title: string;
}

/** `ImportUsers`, `importUsers`, `import-users` and `import_users` give the same names. */
export function newNames(typed: string, ending: SourceEnding = ".ts"): NewNames {
  if (!/^[A-Za-z][A-Za-z0-9]*(?:[-_ ][A-Za-z0-9]+)*$/.test(typed)) {
    throw new UsageError(
      `${JSON.stringify(typed)} is not a valid operation name; begin with a letter, and use letters, digits and dashes`,
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
  return { className, op, file: `${op}${ending}`, title: parts.join(" ") };
}

export function operationSource({ className, op, title }: NewNames): string {
  return `import { LiveOperation, type Progress, z } from "liveops";

/**
 * Try it without the daemon:  liveops run --ops . ${op} count=5
 * Through the daemon:         liveops start --ops . ; liveops submit ${op} --follow
 */
export class ${className} extends LiveOperation<typeof ${className}> {
  static op = "${op}";
  static title = "${title}";
  static stages = ["Load", "Process", "Save"] as const;
  static params = z.object({
    count: z.number().int().min(1).default(20).describe("Number of items to process"),
  });

  async run(p: Progress<${className}>) {
    const items = await p.stage("Load", () => Array.from({ length: this.params.count }, (_, i) => i + 1));

    const sum = await p.stage("Process", async () => {
      let sum = 0;
      for (const item of p.track(items, { label: "Items", unit: "item" })) {
        sum += await work(item);
      }
      return sum;
    });

    await p.stage("Save", () => p.log(\`the sum is \${sum}\`));
    p.result({ count: items.length, sum });
  }
}

/** Replace this body with the real work. */
async function work(item: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  return item;
}
`;
}

/**
 * A tsconfig.json with which an editor finds the types of liveops, once it is installed, and of
 * Node.
 */
export function tsconfigSource(hasNodeTypes: boolean): string {
  const config = {
    compilerOptions: {
      target: "es2022",
      lib: ["es2023", "dom"],
      // Not nodenext: before TypeScript 5.8 it treats a .ts without a package.json as CommonJS and
      // refuses liveops.
      module: "preserve",
      moduleResolution: "bundler",
      allowImportingTsExtensions: true,
      moduleDetection: "force",
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      ...(hasNodeTypes && { types: ["node"] }),
    },
    include: ["*.ts", "*.mts"],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
