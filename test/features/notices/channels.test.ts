/** Each channel against a real server or program: what it sends, and what it says when that is not taken. */
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { send } from "../../../daemon/features/notices/channels/channels.js";
import { type Delivery, DeliveryError } from "../../../daemon/features/notices/channels/delivery.js";
import { sendToDesktop } from "../../../daemon/features/notices/channels/desktop.js";
import { signatureOf } from "../../../daemon/features/notices/channels/webhook.js";
import { messageOf } from "../../../daemon/features/notices/message.js";
import { Secrets } from "../../../daemon/features/notices/secrets.js";
import type { Channel } from "../../../protocol/features/notices/setting.js";
import type { Notice } from "../../../protocol/notices.js";
import { useDirectories } from "../../harness/temporary.js";
import { HttpSink, SmtpSink } from "./notice-servers.js";

vi.mock("node:os", { spy: true });

const makeDirectory = useDirectories();

const NOTICE: Notice = {
  id: "n1",
  event: "failed",
  at: "2026-06-10T08:00:00.000Z",
  title: "Failed: sich(ern) *ü* @channel <!here>",
  where: "on box, queue default",
  reason: ["rsync exited with 23 & <b>", "```@all"],
  next: ["liveops logs abc"],
  schedule: null,
  operation: {
    id: "abc",
    op: "backup",
    title: "sichern",
    label: "nightly",
    queue: "default",
    state: "failed",
    attempt: 1,
    seconds: 2,
    error: { code: "X", message: "rsync exited with 23" },
  },
};

const FLOOD = Array.from(
  { length: 12 },
  (_, n): Notice => ({ ...NOTICE, id: `n${n}`, title: `Failed: ${n}` }),
);

function delivery(notices: Notice[] = [NOTICE], over: Partial<Delivery> = {}): Delivery {
  return {
    message: messageOf(notices, "box"),
    secrets: new Secrets({ TOKEN: "tk_very_secret" }),
    host: "box",
    env: { PATH: process.env.PATH! },
    signal: AbortSignal.timeout(20_000),
    ...over,
  };
}

const failureOf = (channel: Channel, its = delivery()) =>
  send(channel, its).then(
    () => "taken",
    (error: Error) => its.secrets.masker.maskOutgoing(error.message),
  );

describe("ntfy", () => {
  test("gets topic, text, priority and token", async () => {
    await using sink = await HttpSink.start();
    await send({ ntfy: { topic: "builds", server: sink.url, token: "env:TOKEN" } }, delivery());
    const [{ path, headers }] = sink.posted as [(typeof sink.posted)[0]];
    expect([path, headers.authorization]).toEqual(["/", "Bearer tk_very_secret"]);
    expect(sink.bodies("/")[0]).toEqual({
      topic: "builds",
      title: NOTICE.title,
      tags: ["x"],
      priority: 4,
      message: "rsync exited with 23 & <b>\n```@all\non box, queue default\n$ liveops logs abc",
    });
  });

  test("gets a summary of many", async () => {
    await using sink = await HttpSink.start();
    await send({ ntfy: { topic: "builds", server: sink.url } }, delivery(FLOOD));
    const { title, message } = sink.bodies("/")[0];
    expect(title).toBe("12 notices from box: 12 failed");
    expect(message.split("\n").slice(0, 2)).toEqual(["Failed: 0  abc", "Failed: 1  abc"]);
    expect(message).toContain("and 2 more notices");
  });
});

describe("slack", () => {
  test("gets a text in which nothing is a mention, a link or markup", async () => {
    await using sink = await HttpSink.start();
    const env = { SLACK: `${sink.url}/services/T/B/x`, DISCORD: `${sink.url}/api/webhooks/1/x` };
    const its = () => delivery([NOTICE], { secrets: new Secrets(env) });
    await send({ slack: { url: "env:SLACK" } }, its());
    expect(sink.bodies("/services/T/B/x")[0]).toEqual({
      text:
        "*Failed: sich(ern) ∗ü∗ @\u200bchannel &lt;!here&gt;*\n```\nrsync exited with 23 &amp; &lt;b&gt;\n'''@all\n" +
        "on box, queue default\n$ liveops logs abc\n```",
    });
    await send({ slack: { url: "env:DISCORD" } }, its());
    expect(sink.bodies("/api/webhooks/1/x")[0]).toMatchObject({
      content: expect.stringContaining("rsync exited with 23 & <b>"),
      allowed_mentions: { parse: [] },
    });
  });
});

describe("webhook", () => {
  test("is signed as the example of Standard Webhooks", () => {
    const body = '{"test": 2432232314}';
    const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    expect(signatureOf(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)).toBe(
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
  });

  test("gets a signed CloudEvent, and every notice of a summary", async () => {
    await using sink = await HttpSink.start();
    const channel: Channel = { webhook: { url: `${sink.url}/hook`, secret: "env:TOKEN" } };
    await send(channel, delivery());
    await send(channel, delivery(FLOOD));
    const [{ headers, text }] = sink.posted as [(typeof sink.posted)[0]];
    expect(headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
    const hmac = createHmac("sha256", "tk_very_secret").update(signed).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${hmac}`);
    const [one, summary] = sink.bodies("/hook");
    expect(one).toEqual({
      specversion: "1.0",
      id: "n1",
      source: "/liveops/box",
      type: "liveops.failed",
      subject: "abc",
      time: NOTICE.at,
      datacontenttype: "application/json",
      data: NOTICE,
    });
    expect(summary).toMatchObject({ type: "liveops.summary", data: { notices: FLOOD } });
  });
});

describe("a server that does not take a notice", () => {
  test.each([
    [
      { status: 500, body: "boom \x1b[31m tk_very_secret\nmore" },
      /^127.*:\d+ replied with 500: boom \\x1b\[31m \*\*\*$/,
    ],
    [{ status: 401 }, /replied with 401; check the token$/],
    [{ status: 404 }, /replied with 404; check the address$/],
    [
      { status: 302, headers: { location: "https://elsewhere.example/tk_very_secret" } },
      /replied with 302, a redirect to https:\/\/elsewhere\.example, which is not followed/,
    ],
    [{ status: 307, headers: { location: "/other" } }, /a redirect to another path of it/],
  ])("answers %j", async (answer, problem) => {
    await using sink = await HttpSink.start();
    sink.answer = answer;
    const channel: Channel = { webhook: { url: `${sink.url}/tk_very_secret`, secret: "env:TOKEN" } };
    const said = await failureOf(channel);
    expect(said).toMatch(problem);
    expect(said).not.toContain("tk_very_secret");
    expect(sink.posted).toHaveLength(1);
  });

  test("may ask for a pause", async () => {
    await using sink = await HttpSink.start();
    sink.answer = { status: 429, headers: { "retry-after": "120" } };
    await expect(send({ webhook: { url: sink.url } }, delivery())).rejects.toMatchObject({ retryAfter: 120 });
  });

  test.each(["silence", "slow"] as const)("%s ends with the time of the delivery", async (answer) => {
    await using sink = await HttpSink.start();
    sink.answer = answer;
    const stop = new AbortController();
    const sent = send({ webhook: { url: sink.url } }, delivery([NOTICE], { signal: stop.signal }));
    while (sink.posted.length === 0) await new Promise(setImmediate);
    stop.abort();
    await expect(sent).rejects.toThrow();
  });

  test("is not there", async () => {
    const sink = await HttpSink.start();
    const { url, port } = sink;
    await sink[Symbol.asyncDispose]();
    expect(await failureOf({ webhook: { url } })).toBe(
      `127.0.0.1:${port} cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
    );
  });
});

describe("an error that quotes a secret does not show it", () => {
  const PATH = "/services/T0AAA/B0BBB/slackSecretPart4711";
  const answering = async (url: (at: string) => string, body: string, token?: string) => {
    await using sink = await HttpSink.start();
    sink.answer = { status: 404, body };
    const env = { URL: url(sink.url), TOKEN: token };
    const channel: Channel =
      token === undefined
        ? { slack: { url: "env:URL" } }
        : { ntfy: { topic: "t", server: sink.url, token: "env:TOKEN" } };
    return await failureOf(channel, delivery([NOTICE], { secrets: new Secrets(env) }));
  };

  test.each([
    ["its path", `{"error":"no such path ${PATH}"}`],
    ["a part of its path", "no hook slackSecretPart4711"],
    ["its path, encoded", `no ${encodeURIComponent(PATH)}`],
    ["a part of its path in another case", "no hook SLACKSECRETPART4711, slacksecretpart4711"],
    ["another form of the URL", "no HTTP://127.0.0.1/%73ervices/T0AAA/B0BBB/slackSecretPart4711"],
  ])("%s", async (_, body) => {
    const said = await answering((at) => `${at}${PATH}`, body);
    expect(said).toMatch(/replied with 404: .*\*\*\*/);
    expect(said).not.toMatch(/slackSecret/i);
  });

  test("what stands behind the ? of its URL", async () => {
    const said = await answering((at) => `${at}/hook?key=pa%20ss%2Fw4711`, "bad key pa ss/w4711");
    expect(said).toMatch(/replied with 404: bad key \*\*\*;/);
  });

  test("at the place where a reply is cut", async () => {
    for (const before of [175, 180, 185, 190, 195]) {
      const body = `${"x".repeat(before)} Bearer tk_abcdefghijklmnopq`;
      expect(await answering((at) => at, body, "tk_abcdefghijklmnopq")).not.toMatch(/tk_/);
    }
  });

  test("the login of mail in base64", async () => {
    for (const [password, sent] of [
      ["pw s-4711", "\0joe\0pw s-4711"],
      ["a1b2", "a1b2"],
    ] as const) {
      await using sink = await SmtpSink.start({
        onAuth: (_auth, _session, done) => done(new Error(`no: AUTH PLAIN ${btoa(sent)}`)),
        authOptional: false,
        allowInsecureAuth: true,
        hideSTARTTLS: true,
      });
      const mail = { to: "a@example.org", smtp: `smtp://127.0.0.1:${sink.port}`, user: "joe" };
      const secrets = new Secrets({ PW: password });
      const said = await failureOf(
        { mail: { ...mail, password: "env:PW" } },
        delivery([NOTICE], { secrets }),
      );
      expect(said).toMatch(/Invalid login: .*AUTH PLAIN \*\*\*$/);
    }
  });
});

describe("secrets", () => {
  test("a URL in a file is refused as one in the config file", async () => {
    const file = join(makeDirectory(), "url");
    const problemOf = (url: string, channel: Channel = { webhook: { url: `file:${file}` } }) => {
      writeFileSync(file, url);
      return failureOf(channel);
    };
    const withUser = await problemOf("http://joe:p w-4711@127.0.0.1/services/x");
    expect(withUser).toMatch(/^url must hold no user and password/);
    expect(await problemOf("ftp://box/x")).toMatch(/^url must be an http or https URL/);
    const clear = "http sends a secret over the network in clear";
    expect(await problemOf("http://box.example/hook")).toBe(`url must be an https URL: ${clear}`);
    expect(
      await problemOf("http://box.example", {
        ntfy: { topic: "t", server: `file:${file}`, token: "env:TOKEN" },
      }),
    ).toBe(`ntfy has a token, so its server must be an https URL: ${clear}`);
  });

  test("that are missing are said with their place", async () => {
    const dir = makeDirectory();
    writeFileSync(join(dir, "empty"), "\n");
    const problemOf = (url: string) => failureOf({ slack: { url } });
    expect(await problemOf("env:NOT_SET")).toBe(
      "the daemon's environment has no variable NOT_SET: set it where liveopsd starts, or use file:PATH",
    );
    expect(await problemOf(`file:${dir}/none`)).toMatch(/^the secret cannot be read: ENOENT/);
    expect(await problemOf(`file:${dir}`)).toMatch(/is a directory/);
    expect(await problemOf(`file:${dir}/empty`)).toBe(`${dir}/empty is empty: write the secret into it`);
  });

  test("are read from their file at each delivery", async () => {
    await using sink = await HttpSink.start();
    const file = join(makeDirectory(), "token");
    for (const token of ["first-token", "second-token"]) {
      writeFileSync(file, `${token}\n`);
      await send({ ntfy: { topic: "t", server: sink.url, token: `file:${file}` } }, delivery());
    }
    expect(sink.posted.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer first-token",
      "Bearer second-token",
    ]);
  });
});

test("a certificate that is not trusted names what liveopsd reads", () => {
  const ofNode =
    "self-signed certificate; if the root CA is installed locally, try running Node.js with --use-system-ca";
  expect(new DeliveryError(`box cannot be reached: ${ofNode}`).message).toBe(
    "box cannot be reached: self-signed certificate; for an authority of your own, start liveopsd with NODE_EXTRA_CA_CERTS=FILE",
  );
});

describe("mail", () => {
  test("goes to an SMTP server, with a stable id", async () => {
    await using sink = await SmtpSink.start({ disabledCommands: ["STARTTLS", "AUTH"] });
    const channel: Channel = {
      mail: {
        to: "a@example.org, b@example.org",
        from: "ops@example.org",
        smtp: `smtp://127.0.0.1:${sink.port}`,
      },
    };
    await send(channel, delivery());
    await send(channel, delivery());
    const [mail, again] = sink.mails;
    expect(mail).toMatchObject({ from: "ops@example.org", to: ["a@example.org", "b@example.org"] });
    expect(mail!.text).toContain("Message-ID: <n1@liveops.box>");
    expect(again!.text).toContain("Message-ID: <n1@liveops.box>");
    expect(mail!.text).toContain("rsync exited with 23 & <b>");
    expect(mail!.text).toMatch(/Subject: =\?UTF-8\?/);
  });

  test("has a sender where the user has no name", async () => {
    await using sink = await SmtpSink.start({ disabledCommands: ["STARTTLS", "AUTH"] });
    vi.mocked(userInfo).mockImplementationOnce(() => {
      throw new Error("uv_os_get_passwd returned ENOENT");
    });
    await send({ mail: { to: "a@example.org", smtp: `smtp://127.0.0.1:${sink.port}` } }, delivery());
    expect(sink.mails).toMatchObject([{ from: `${process.getuid!()}@${hostname()}` }]);
  });

  test("logs in over an encrypted connection; a wrong password is said without it", async () => {
    const onAuth: NonNullable<ConstructorParameters<typeof import("smtp-server").SMTPServer>[0]>["onAuth"] = (
      auth,
      _session,
      done,
    ) =>
      auth.password === "tk_very_secret"
        ? done(null, { user: auth.username! })
        : done(new Error(`no ${auth.password}`));
    await using sink = await SmtpSink.start({
      onAuth,
      authOptional: false,
      allowInsecureAuth: true,
      hideSTARTTLS: true,
    });
    const channel = (password: string): Channel => ({
      mail: { to: "a@example.org", smtp: `smtp://127.0.0.1:${sink.port}`, user: "me@example.org", password },
    });
    await send(channel("env:TOKEN"), delivery());
    expect(sink.mails).toMatchObject([{ from: "me@example.org", user: "me@example.org" }]);
    const wrong = await failureOf(
      channel("env:WRONG"),
      delivery([NOTICE], { secrets: new Secrets({ WRONG: "wrong-password" }) }),
    );
    expect(wrong).toMatch(/^the mail was not sent: Invalid login: .*\*\*\*/);
  });

  test.each(["nonsense", "a@example.org, nonsense", "not an address\nBcc: x@y.z"])(
    "is not sent to %j",
    async (to) => expect(await failureOf({ mail: { to } })).toMatch(/^to must be mail addresses/),
  );

  test("sends no password over a network in clear", async () => {
    await using sink = await SmtpSink.start({ hideSTARTTLS: true, allowInsecureAuth: true });
    const channel: Channel = {
      mail: {
        to: "a@example.org",
        smtp: `smtp://${hostname()}:${sink.port}`,
        user: "me",
        password: "env:TOKEN",
      },
    };
    // Where the name does not lead to the server, the mail fails too.
    expect(await failureOf(channel)).toMatch(/^the mail was not sent/);
    expect(sink.mails).toEqual([]);
  });

  test("uses sendmail of the machine", async () => {
    const dir = makeDirectory();
    const out = join(dir, "mail");
    writeFileSync(join(dir, "sendmail"), `#!/bin/sh\n{ echo "args $*"; cat; } > ${out}\n`);
    chmodSync(join(dir, "sendmail"), 0o755);
    const env = { PATH: `${dir}:${process.env.PATH}` };
    await send({ mail: { to: "me@example.org" } }, delivery([NOTICE], { env }));
    const text = readFileSync(out, "utf8");
    expect(text).toMatch(/^args -i -f \S+ me@example\.org\n/);
    expect(text).toContain("To: me@example.org");
    writeFileSync(join(dir, "sendmail"), "#!/bin/sh\ncat > /dev/null; exit 75\n");
    expect(await failureOf({ mail: { to: "me@example.org" } }, delivery([NOTICE], { env }))).toMatch(
      /^the mail was not sent: .*75/,
    );
  });
});

describe("programs", () => {
  test("a command gets the notice on its stdin and in variables", async () => {
    const file = join(makeDirectory(), "out");
    await send(
      {
        command: {
          run: `{ cat; echo "$LIVEOPS_NOTICE_EVENT|$LIVEOPS_OPERATION_ID|$LIVEOPS_NOTICE_TITLE"; } > ${file}`,
        },
      },
      delivery(),
    );
    const [json, variables] = readFileSync(file, "utf8").split("\n");
    expect(JSON.parse(json!)).toEqual(NOTICE);
    expect(variables).toBe(`failed|abc|${NOTICE.title}`);
    expect(await failureOf({ command: { run: "echo no room >&2; exit 3" } })).toBe(
      "the command failed: it exited with 3: no room",
    );
  });

  test("the desktop gets title and body as they are", async () => {
    const dir = makeDirectory();
    const out = join(dir, "out");
    for (const name of ["notify-send", "osascript"]) {
      writeFileSync(join(dir, name), `#!/bin/sh\nprintf '%s\\n' "$@" > ${out}\n`);
      chmodSync(join(dir, name), 0o755);
    }
    const env = { PATH: `${dir}:${process.env.PATH}` };
    await sendToDesktop({}, delivery([NOTICE], { env }), "linux");
    const linux = readFileSync(out, "utf8").split("\n");
    expect(linux.slice(0, 4)).toEqual(["--app-name=liveops", "--urgency=critical", "--", NOTICE.title]);
    expect(linux[4]).toBe("rsync exited with 23 &amp; &lt;b>");
    await sendToDesktop({}, delivery([NOTICE], { env }), "darwin");
    expect(readFileSync(out, "utf8")).toContain(`\n--\n${NOTICE.title}\nrsync exited with 23 & <b>\n`);
    const bare = { PATH: join(dir, "none") };
    const sh = execFileSync("sh", ["-c", "command -v sh"], { encoding: "utf8" }).trim();
    expect(sh).toMatch(/sh$/);
    await expect(sendToDesktop({}, delivery([NOTICE], { env: bare }), "linux")).rejects.toThrow(
      /there is no notify-send|could not be started/,
    );
  });
});
