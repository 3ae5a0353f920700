/**
 * Completion in bash, zsh and fish on a pty, with a daemon whose titles, labels and stages a shell
 * would act on.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SHELLS, type Shell } from "../../../../tui/features/completion/shells.js";
import { ShellOnTerminal } from "../../../end-to-end/shell.js";
import { useWorld } from "../../../end-to-end/world.js";

const world = useWorld({ operations: ["shells"] });

let failed: string;
let succeeded: string;

const PIPELINE = `
params: { target: { required: true }, level: { enum: [low, high], default: low } }
stages: [{ name: A, run: echo "$target" }]
`;

beforeAll(async () => {
  world.write("work/own.yaml", PIPELINE);
  const label = "it's $(touch owned) `touch owned`";
  failed = await world.submit("shells", "fail=true", "--label", label);
  // With a common beginning, a shell completes that and lists nothing.
  do {
    succeeded = await world.submit("shells");
    await world.finished(succeeded);
  } while (succeeded[0] === failed[0]);
  await world.finished(failed);
});

for (const name of SHELLS)
  describe(name, { tags: name === "bash" ? [] : [name] }, () => {
    let shell: ShellOnTerminal;
    beforeAll(async () => {
      shell = await new ShellOnTerminal(world, name).start();
    });
    afterAll(() => shell[Symbol.asyncDispose]());

    test("commands and options of the three programs", async () => {
      await shell.completes("liveops canc", "liveops cancel");
      await shell.completes("liveops schedule ad", "liveops schedule add");
      await shell.completes("liveops ls --state=queued,su", "liveops ls --state=queued,succeeded");
      await shell.completes("liveops-tui --scr", "liveops-tui --screen-reader");
      await shell.lists("liveops re", ["report", "resume", "Continue paused operations or queues"]);
    }, 120_000);

    test("types, parameters, ids and paths", async () => {
      await shell.completes("liveops submit shells mo", "liveops submit shells mode=");
      await shell.completes("liveops submit shells mode=ca", "liveops submit shells mode=careful");
      await shell.completes("liveops run own.yaml level=lo", "liveops run own.yaml level=low");
      await shell.completes("liveops ls --queue def", "liveops ls --queue default");
      await shell.completes("liveops check ../hom", "liveops check ../home/");
      await shell.completes(`liveops-tui ${succeeded.slice(0, 8)}`, `liveops-tui ${succeeded}`);
      await shell.completes("liveops retry ", `liveops retry ${failed}`);
      await shell.lists("liveops show ", [failed, succeeded, "failed: Shells $(touch owned)"]);
    }, 120_000);

    test("stages, values and labels are quoted, and no text is evaluated", async () => {
      const retry = `liveops retry ${failed} --from`;
      const done = 'It\\\'s\\ \\"done\\"\\;\\ touch\\ owned';
      await shell.completes(`${retry} It`, `${retry} ${done}`);
      await shell.completes(`${retry} '$`, `${retry} '$(touch owned) \`touch owned\`'`);
      await shell.completes("liveops rm --label it", `liveops rm --label ${QUOTED_LABEL[name]}`);
      await shell.completes(
        "liveops submit shells '$(touch owned)' mo",
        "liveops submit shells '$(touch owned)' mode=",
      );
      await shell.lists(`${retry} `, [
        name === "bash" ? "Open\\ it" : "Open it",
        "failed",
        "pending",
      ]);
      await shell.lists("liveops submit shells ", ["mode=", "verbose=", "How $(touch owned)"]);
      expect(existsSync(join(world.work, "owned"))).toBe(false);
    }, 120_000);
  });

/** Each shell escapes what it would act on. */
const QUOTED_LABEL: Record<Shell, string> = {
  bash: "it\\'s\\ \\$\\(touch\\ owned\\)\\ \\`touch\\ owned\\`",
  zsh: "it\\'s\\ \\$\\(touch\\ owned\\)\\ \\`touch\\ owned\\`",
  fish: "it\\'s\\ \\$\\(touch\\ owned\\)\\ `touch\\ owned`",
};
