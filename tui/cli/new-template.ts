/** The names that `liveops new` makes of one, and the files that it writes. Pure; a test compiles and runs what comes out. */
import { UsageError } from "../../protocol/command/failures.js";

/** The class, the type's name and the file that `liveops new <Name>` makes of what was typed. Pure. */
interface NewNames {
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

export function operationSource({ className, op, title }: NewNames): string {
  return `import { LiveOperation, type Progress, z } from "liveops";

/**
 * Try it without the daemon:  liveops run --ops . ${op} count=5
 * Through the daemon:         liveopsd start --ops . ; liveops submit ${op} --follow
 */
export class ${className} extends LiveOperation<typeof ${className}> {
  static op = "${op}";
  static title = "${title}";
  static stages = ["Load", "Process", "Save"] as const;
  static params = z.object({
    count: z.number().int().min(1).default(20).describe("how many items to work on"),
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

/** Put the real work here. */
async function work(item: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  return item;
}
`;
}

/**
 * A tsconfig.json with which an editor finds liveops' types, and Node's, in a directory without node_modules.
 *
 * @param node - the `typeRoots` of Node's types: none where they are found without; null where there are no such types
 */
export function tsconfigSource(types: string, node: string[] | null): string {
  const config = {
    compilerOptions: {
      target: "es2022",
      lib: ["es2023", "dom"],
      // Not nodenext: before TypeScript 5.8 it takes a .ts without a package.json for CommonJS, and then refuses us.
      module: "preserve",
      moduleResolution: "bundler",
      allowImportingTsExtensions: true,
      moduleDetection: "force",
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      paths: { liveops: [types] },
      ...(node !== null && { types: ["node"] }),
      ...(node !== null && node.length > 0 && { typeRoots: node }),
    },
    include: ["*.ts", "*.mts"],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
