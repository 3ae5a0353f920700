/** The line of `liveops status`, and its escapes in the real bash and zsh. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Escape, formatStatus, parseFormat, type StatusFacts } from "../../../tui/cli/status-line.js";
import { Story } from "../../harness/records.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const dir = directory();

function facts(over: Partial<StatusFacts> = {}): StatusFacts {
  return { running: 0, queued: 0, failed: 0, input: 0, waits: 0, current: null, overall: null, ...over };
}

const current = { ...new Story().started().entered("Process", 1).record(), title: "日本語 \x1b[2J title" };
const busy = facts({ running: 2, queued: 1, failed: 3, current, overall: { percent: 64.9, known: true } });
const line = (format: string, of = busy, place: Escape | null = null) =>
  formatStatus(parseFormat(format), of, place);

test.each([
  ["{summary}", "2 running · 1 queued · 3 failed"],
  ["{running}/{queued}/{failed}/{input}/{waits}", "2/1/3/0/0"],
  ["{op} {stage} {percent} {id}", "load-process-save Process 64% aaa111bbb222"],
  ["{title:9}|{title:5}|{label}", "日本語 \\…|日本…|"],
  ["{{running}} a}}b {{{running}}}", "{running} a}b {2}"],
  ["%F{{red}} #[fg=red] $x", "%F{red} #[fg=red] $x"],
  ["", ""],
])("%s is %s", async (format, text) => expect(await line(format)).toBe(text));

test("without an operation, its placeholders are empty; the summary leaves out what is 0", async () => {
  expect(await line("{title}{percent}{stage}|{summary}|{running}", facts())).toBe("||0");
  expect(await line("{summary}", facts({ running: 1, waits: 1 }))).toBe("1 running · 1 waits for you");
});

test.each([
  ["{runing}", "--format: {runing} is not a placeholder; did you mean {running}?"],
  ["{}", "--format: {} is not a placeholder"],
  ["{toString}", "--format: {toString} is not a placeholder"],
  ["{title:x}", "--format: {title:x} has no valid width"],
  ["{title:0}", "--format: {title:0} has no valid width"],
  ["a { b", "--format: a single {"],
  ["a } b", "--format: a single }"],
])("%s is refused", (format, message) => expect(() => parseFormat(format)).toThrow(message));

const NASTY =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: text for a shell
  "$(touch pwned) `touch pwned` ${HOME} $HOME \\$(touch pwned) \\u \\\\ %n %F{red} 64% \"q\" 'r' !! #(x)";
const nasty = facts({ current: { ...current, title: NASTY } });

test("bash shows the escaped text in a prompt as it is, and expands nothing", async () => {
  const prompt = await line("{title}", nasty, "bash");
  // biome-ignore lint/suspicious/noTemplateCurlyInString: text for a shell
  const shown = execFileSync("bash", ["--norc", "-c", 'echo "${1@P}"', "bash", prompt], {
    cwd: dir,
    encoding: "utf8",
  });
  expect(shown).toBe(`${NASTY}\n`);
  expect(existsSync(join(dir, "pwned"))).toBe(false);
});

test("zsh shows the escaped text in a prompt as it is", { tags: ["zsh"] }, async () => {
  const script =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: text for a shell
    'setopt prompt_subst; line=$1; PROMPT=\'$(print -r -- "$line")\'; print -rn -- "${(%%)PROMPT}"';
  const prompt = await line("{title}", nasty, "zsh");
  const shown = execFileSync("zsh", ["-f", "-c", script, "zsh", prompt], {
    cwd: dir,
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: dir },
  });
  expect(shown).toBe(NASTY);
  expect(existsSync(join(dir, "pwned"))).toBe(false);
});

test("tmux gets no style or command from the text", async () => {
  expect(await line("#[fg=red]{title}", facts({ current: { ...current, title: "#[x] #(y)" } }), "tmux")).toBe(
    "#[fg=red]##[x] ##(y)",
  );
});
