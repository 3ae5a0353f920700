import { isPlainObject } from "../../protocol/objects.js";
import { keptTextIn } from "../../protocol/pipeline/kept-text.js";
import { writeLooked } from "../describe/looked.js";
import { inPipelines } from "../kit/pipelines.js";
import { askNamed } from "./asks.js";
import { askFor, type Tools } from "./core/ask.js";
import type { DashboardClient } from "./core/client.js";
import type { Effect } from "./core/effect.js";
import type { Message } from "./core/message.js";
import { send } from "./daemon-calls.js";
import { edit, onTerminal, startDaemon } from "./terminal/programs.js";
import { copyText } from "./terminal/sequences.js";

export interface EffectOptions extends Tools {
  /** Gives the terminal back for as long as the callback takes. */
  readonly suspend: (meanwhile?: () => Promise<void>) => void;
  /** Writes to the terminal, beside the screen. */
  readonly write: (data: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Until when the person has looked; null: it is not remembered. */
  readonly lookedFile: string | null;
  /** `env.allow` of the config file. */
  readonly allow?: readonly string[] | undefined;
}

/**
 * What fills the form. A pipeline file has fields of its own, which the type `pipeline` has as one
 * object.
 */
async function formOf(
  { id, retries }: Extract<Effect, { type: "prepare-form" }>,
  client: DashboardClient,
): Promise<Message> {
  const [operation, { ops }] = await Promise.all([client.show(id), client.types()]);
  const retried = retries && { retries };
  const { params = {} } = operation.params;
  const file = operation.op === "pipeline" ? keptTextIn(operation.params) : null;
  if (file !== null && isPlainObject(params)) {
    // A text that only a later liveops can read has the form of the type.
    const type = await inPipelines(({ typeOfText }) => typeOfText(file)).catch(() => null);
    if (type !== null)
      return {
        type: "form-ready",
        operation: { ...operation, op: type.op, params },
        operationType: type,
        file,
        ...retried,
      };
  }
  const operationType = ops.find(({ op }) => op === operation.op);
  if (operationType !== undefined)
    return { type: "form-ready", operation, operationType, ...retried };
  return {
    type: "noticed",
    text: `The type ${operation.op} does not exist any more`,
    level: "warning",
  };
}

export class Effects {
  readonly #asked = new Map<string, AbortController>();

  constructor(private readonly options: EffectOptions) {}

  run(effects: readonly Effect[]): void {
    for (const effect of effects) this.#run(effect);
  }

  /** Ends everything that lasts. */
  stop(): void {
    for (const running of this.#asked.values()) running.abort();
    this.#asked.clear();
  }

  #run(effect: Effect): void {
    const { options } = this;
    const { client, dispatch } = options;
    switch (effect.type) {
      case "ask":
        this.#ask(effect.name, effect.want);
        return;
      case "send":
        void send(client, effect.request, options.allow).then(
          (operations) => dispatch({ type: "answered", request: effect.request, operations }),
          (error: Error) =>
            dispatch({ type: "refused", request: effect.request, message: error.message }),
        );
        return;
      case "prepare-form":
        void formOf(effect, client).then(dispatch, (error: Error) =>
          dispatch({ type: "noticed", text: error.message, level: "error" }),
        );
        return;
      case "copy":
        options.write(copyText(effect.text));
        return;
      case "edit":
        options.suspend(() => edit(effect, options));
        return;
      case "attach":
      case "shell":
        options.suspend(() => onTerminal(effect, options));
        return;
      case "start-daemon":
        startDaemon(options);
        return;
      case "suspend":
        options.suspend();
        return;
      case "remember":
        if (options.lookedFile !== null) writeLooked(options.lookedFile, effect.looked);
    }
  }

  #ask(name: string, want: object | null): void {
    this.#asked.get(name)?.abort();
    this.#asked.delete(name);
    if (want === null) return;
    const asked = new AbortController();
    this.#asked.set(name, asked);
    const it = askNamed(name);
    const left = asked.signal;
    const tell = (answer: unknown) => {
      if (it.late || !left.aborted) this.options.dispatch({ type: "told", name, want, answer });
    };
    void askFor(it, want, { ...this.options, tell, left });
  }
}
