/** Source of the chain that `liveops new chain Nightly` writes. Pure; a test compiles and runs it. */
import type { NewNames } from "./template.js";
import { chainNames } from "./tests.js";

export function chainSource(names: NewNames): string {
  const { className, op, title } = names;
  const [check, report] = chainNames(names);
  return `import { LiveOperation, type Progress, z } from "liveops";

/**
 * The first of three operations that hand over: ${op}, ${check.op}, ${report.op}.
 *
 * Try it without the daemon:  liveops run --ops . ${op} count=5
 * Through the daemon:         liveops start --ops . ; liveops submit ${op} --follow
 */
export class ${className} extends LiveOperation<typeof ${className}> {
  static op = "${op}";
  static title = "${title}";
  static stages = ["Collect"] as const;
  static params = z.object({
    count: z.number().int().min(1).default(20).describe("How many numbers to collect"),
  });

  async run(p: Progress<${className}>) {
    const numbers = await p.stage("Collect", async () => {
      const numbers: number[] = [];
      for (let number = 1; number <= this.params.count; number++) {
        numbers.push(await collect(number));
        p.percent((100 * number) / this.params.count);
      }
      return numbers;
    });
    // When run returns, this operation succeeds and the next one is queued: both, or neither.
    p.chainTo(${check.className}, { numbers });
  }
}

export class ${check.className} extends LiveOperation<typeof ${check.className}> {
  static op = "${check.op}";
  static title = "${check.title}";
  static stages = ["Check"] as const;
  static params = z.object({ numbers: z.array(z.number()) });

  async run(p: Progress<${check.className}>) {
    const good: number[] = [];
    const bad: number[] = [];
    await p.stage("Check", () => {
      for (const number of p.track(this.params.numbers, { label: "Numbers", unit: "number" })) {
        (number % 5 === 0 ? bad : good).push(number);
      }
    });
    if (good.length === 0) p.error("no number is good");
    else p.chainTo(${report.className}, { good, bad });
  }
}

export class ${report.className} extends LiveOperation<typeof ${report.className}> {
  static op = "${report.op}";
  static title = "${report.title}";
  static stages = ["Write"] as const;
  static params = z.object({ good: z.array(z.number()), bad: z.array(z.number()) });

  async run(p: Progress<${report.className}>) {
    const { good, bad } = this.params;
    await p.stage("Write", () => p.log(\`\${good.length} good, \${bad.length} bad\`));
    p.result({ good: good.length, bad: bad.length });
  }
}

/** Replace this body with the real work. */
async function collect(number: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  return number;
}
`;
}
