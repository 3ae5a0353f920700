/** Which collector, headers and sampler the flag, the config file and the standard variables make. */
import { expect, test } from "vitest";
import { traceSettingsFrom } from "../../../daemon/features/traces/trace-settings.js";
import { settingsFrom } from "../../../daemon/settings.js";
import { UsageError } from "../../../protocol/failures.js";
import { parseTracesUrl } from "../../../protocol/features/traces/setting.js";

const urlOf = (env: Record<string, string>, flag: string | undefined = "env") =>
  traceSettingsFrom(flag, undefined, env)?.url;

test.each([
  ["http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"],
  ["https://tempo.example.com/otlp/v1/traces", "https://tempo.example.com/otlp/v1/traces"],
  ["http://[::1]:4318/", "http://[::1]:4318/v1/traces"],
])("%s is sent to %s", (text, url) => expect(parseTracesUrl(text)).toBe(url));

test.each([
  "http://me:pass@host:4318",
  "https://host/?key=1",
  "host:4318",
  "ftp://host",
  "http://",
  "",
  "env",
])("'%s' is no URL of a collector", (text) => expect(parseTracesUrl(text)).toBeNull());

test("nothing is on without a flag or a setting, and nothing where the SDK is disabled", () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://host:4318", OTEL_EXPORTER_OTLP_HEADERS: "a=b" };
  expect(traceSettingsFrom(undefined, undefined, env)).toBeNull();
  expect(urlOf({ ...env, OTEL_SDK_DISABLED: "TRUE" })).toBeUndefined();
  expect(urlOf({ ...env, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
});

test("the flag wins over the config file; the headers of the file stay with its collector", () => {
  const config = { url: "http://file:4318/v1/traces", headers: { authorization: "TOKEN" } };
  const env = { TOKEN: "t" };
  expect(traceSettingsFrom(undefined, config, env)).toMatchObject({
    url: config.url,
    headers: { authorization: "t" },
  });
  expect(traceSettingsFrom("http://flag:4318/v1/traces", config, env)).toMatchObject({
    url: "http://flag:4318/v1/traces",
    headers: {},
  });
  expect(() => traceSettingsFrom(undefined, config, {})).toThrow(UsageError);
  expect(traceSettingsFrom("none", config, {})).toBeNull();
});

test("none turns metrics and traces of the config file off, and a restart keeps it", () => {
  const config = { metrics: "127.0.0.1:9464", traces: { url: "http://file:4318/v1/traces" } };
  const { metrics, flags } = settingsFrom({ metrics: "none", traces: "none" }, {}, config);
  expect({ metrics, flags }).toMatchObject({ metrics: null, flags: { metrics: "none", traces: "none" } });
  expect(traceSettingsFrom(flags.traces ?? undefined, config.traces, {})).toBeNull();
});

test("env takes the variable for traces as it is, the other one as a base, else the default", () => {
  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://base:4318/otlp/" };
  expect(urlOf(base)).toBe("http://base:4318/otlp/v1/traces");
  expect(urlOf({ ...base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://traces:4318/in" })).toBe(
    "http://traces:4318/in",
  );
  expect(urlOf({})).toBe("http://localhost:4318/v1/traces");
  expect(urlOf({ OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" })).toBe("http://localhost:4318/v1/traces");
});

test.each<Record<string, string>>([
  { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
  { OTEL_EXPORTER_OTLP_ENDPOINT: "http://me:hidden@host" },
  { OTEL_TRACES_SAMPLER: "jaeger_remote" },
  { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" },
  { OTEL_BSP_MAX_QUEUE_SIZE: "many" },
])("%o is refused with the name of the variable, without its secrets", (env) => {
  const name = Object.keys(env)[0]!;
  expect(() => urlOf(env)).toThrow(name.replace("_ENDPOINT", ""));
  expect(() => urlOf(env)).not.toThrow("hidden");
});

test("samplers", () => {
  const ratio = (name: string, argument?: string) =>
    traceSettingsFrom("http://h/x", undefined, {
      OTEL_TRACES_SAMPLER: name,
      OTEL_TRACES_SAMPLER_ARG: argument,
    })!.ratio;
  expect(ratio("")).toBe(1);
  expect(ratio("always_off")).toBe(0);
  expect(ratio("parentbased_traceidratio", "0.25")).toBe(0.25);
});
