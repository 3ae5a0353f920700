/** A client that checks each reply and each stream line against `openapi.json`. */
import { Client } from "../../protocol/client/client.js";
import { PATHS, type RouteName } from "../../protocol/paths.js";
import { document, expectValid } from "./published.js";

export class CheckedClient extends Client {
  override async request(name: RouteName, args: readonly unknown[]): Promise<unknown> {
    const reply = await super.request(name, args);
    expectValid(schemaOf(name, "application/json"), reply);
    return reply;
  }

  override async *lines(name: RouteName, args: readonly unknown[]): AsyncGenerator<unknown> {
    for await (const line of super.lines(name, args)) {
      expectValid(schemaOf(name, "application/x-ndjson"), line);
      yield line;
    }
  }
}

/** The published schema of the route's reply, or of a line of it. */
function schemaOf(name: RouteName, type: string): object {
  const { method, path } = PATHS[name];
  const { responses } = document.paths[path.replace(/:(\w+)/g, "{$1}")]![method.toLowerCase()]!;
  return (responses[200] ?? responses[201])!.content[type]!.schema;
}
