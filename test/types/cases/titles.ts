// Titles and texts of results: a class may refer to itself. The marked lines, and no others, are
// errors.
import { LiveOperation, type Params, type Progress, z } from "liveops";

export class Deploy extends LiveOperation<typeof Deploy> {
  static params = z.object({ host: z.string(), port: z.number().default(22) });
  static title = ({ host, port }: Params<typeof Deploy>) =>
    `Deploy to ${host.trim()}:${port.toFixed()}`;
  static resultText = ({ files }: { files: number }) => `${files.toFixed()} files`;
  static stages = ({ host }: Params<typeof Deploy>) => [`Copy to ${host}`];

  async run(p: Progress<Deploy>) {
    p.result({ files: 3 });
    p.chainTo(Method, { name: this.params.host });
  }
}

export class Method extends LiveOperation<typeof Method> {
  static params = z.object({ name: z.string() });
  static async title({ name }: Params<typeof Method>) {
    return name.toUpperCase();
  }
  static resultText(result: { lines: string[] }) {
    return Method.joined(result.lines);
  }
  static joined(lines: string[]): string {
    return lines.join("\n");
  }
  run() {}
}

export class Wrong extends LiveOperation<typeof Wrong> {
  static params = z.object({ host: z.string() });
  static title = ({ hst }: Params<typeof Wrong>) => `${hst}`; // type error: no such parameter
  run() {}
}

// type error below: a title is text
export class NoText extends LiveOperation<typeof NoText> {
  static params = z.object({ n: z.number() });
  static title = ({ n }: Params<typeof NoText>) => n;
  run() {}
}

// type error below: the text of a result is text
export class NoResultText extends LiveOperation<typeof NoResultText> {
  static resultText = () => 5;
  run() {}
}
