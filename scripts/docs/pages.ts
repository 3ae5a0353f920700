/** The pages with generated regions, generated from the current code. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pipelineSchemaText } from "../../protocol/pipeline/schema.js";
import { configSchemaText } from "../../tui/cli/schema.js";
import { actionRegions } from "./actions.js";
import { configurationRegions } from "./configuration.js";
import { errorRegions } from "./errors.js";
import { houseRegions } from "./house.js";
import { logRegions } from "./log.js";
import { type Regions, withRegions } from "./markdown.js";
import { mcpRegions } from "./mcp.js";
import { metricRegions } from "./metrics.js";
import { pipelineRegions } from "./pipelines.js";
import { programRegions } from "./programs.js";
import { protocolRegions } from "./protocol.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Page {
  /** From the root of the repository. */
  path: string;
  /** Current content of the file. */
  present: string;
  /** Expected content of the file. */
  generated: string;
}

/** @throws Error where a page and the code do not have the same regions */
export function referencePages(): Page[] {
  const regions: Record<string, Regions> = {
    "docs/architecture.md": houseRegions(),
    "docs/configuration.md": configurationRegions(),
    "docs/errors.md": errorRegions(),
    "docs/mcp.md": mcpRegions(),
    "docs/queues.md": actionRegions(),
    "docs/operating.md": { ...logRegions(), ...metricRegions() },
    "docs/pipelines.md": { ...pipelineRegions(), ...programRegions() },
    "docs/protocol.md": protocolRegions(),
  };
  const pages = Object.entries(regions).map(([path, made]) => {
    const present = textOf(path);
    return { path, present, generated: withRegions(path, present, made) };
  });
  const schemas = {
    "docs/config.schema.json": configSchemaText(),
    "docs/pipeline.schema.json": pipelineSchemaText(),
  };
  const files = Object.entries(schemas).map(([path, generated]) => ({
    ...{ path, generated },
    present: textOf(path),
  }));
  return [...pages, ...files];
}

/** Empty where the file is missing. */
function textOf(path: string): string {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
}
