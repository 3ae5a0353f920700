/**
 * The validator and the serializer of the zod type provider, as fastify takes them.
 *
 * Named at the start of the server, since fastify else loads compilers of its own, half of its start.
 */
import type { FastifyServerOptions } from "fastify";
import {
  isResponseSerializationError,
  serializerCompiler,
  validatorCompiler,
} from "fastify-type-provider-zod";
import type { Logger } from "pino";

type Serializer = ReturnType<typeof serializerCompiler>;

/** @param log gets a line for each route whose replies do not fit their schema */
export function zodCompilers(
  log: Pick<Logger, "error">,
): NonNullable<FastifyServerOptions["schemaController"]> {
  const reported = new Set<string>();
  /**
   * A value of an operation's author may not fit: a label that is a number, say. Such a reply is sent as it is, since
   * one record must not hide all others of a list.
   */
  const buildSerializer =
    () =>
    (route: Parameters<typeof serializerCompiler>[0]): Serializer => {
      const serialize = serializerCompiler(route);
      return (data) => {
        try {
          return serialize(data);
        } catch (error) {
          if (!isResponseSerializationError(error)) throw error;
          const name = `${route.method} ${route.url}`;
          if (!reported.has(name))
            log.error({ err: error.cause, route: name }, "a reply does not fit its schema");
          reported.add(name);
          return JSON.stringify(data);
        }
      };
    };
  const compilersFactory = { buildValidator: () => validatorCompiler, buildSerializer };
  return { compilersFactory } as unknown as NonNullable<FastifyServerOptions["schemaController"]>;
}
