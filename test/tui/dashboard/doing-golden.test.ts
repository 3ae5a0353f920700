/** The screens of submitting, retrying from a stage, and of the help. */
import { KEY } from "./open.js";
import { ago, backup, failed, operation } from "./operations.js";
import { golden, type Scene, type Shown } from "./scenes.js";
import { TYPES } from "./types.js";
import type { World } from "./world.js";

function withTypes(world: World): void {
  world.put(backup());
  world.put(failed());
  world.put(
    operation({
      id: "brokenbackup",
      op: "backup",
      title: "Back up a folder",
      stages: ["Scan", "Archive", "Checksum"],
      state: "failed",
      currentStage: 2,
      stageStates: { Scan: "done", Archive: "done", Checksum: "failed" },
      startedAt: ago(400),
      finishedAt: ago(390),
    }),
  );
  world.daemon.on("GET", "/v1/ops", (_asked, reply) => reply.json(TYPES));
}

async function openForm({ screen, press }: Shown): Promise<void> {
  await screen.until("Fails at");
  press("s");
  await screen.until("verify-backup");
  press("back");
  await screen.until((text) => text.includes(":submit back") && !text.includes("submit fails-at"));
  press(KEY.enter);
  await screen.until("Submit backup");
}

const SCENES: Scene[] = [
  {
    name: "submit-form",
    whole: true,
    set: withTypes,
    async show(opened) {
      await openForm(opened);
      opened.press("/home/ada/my photos");
      await opened.screen.until("my photos");
      opened.press(KEY.down);
      opened.press(KEY.down);
      opened.press("*.log 'a b'");
      await opened.screen.until("*.log");
    },
  },
  {
    name: "submit-problems",
    set: withTypes,
    async show(opened) {
      await openForm(opened);
      opened.press(`.${KEY.down}${KEY.down}${KEY.down}`);
      opened.press("0");
      await opened.screen.until("at least 1");
      opened.press("\x13");
      await opened.screen.until((text) => text.includes("✗ target required"));
    },
  },
  {
    name: "help-typed",
    set: withTypes,
    async show({ screen, press }) {
      await screen.until("Fails at");
      press(":");
      await screen.until("─ Keys");
      press("ca");
      await screen.until((text) => text.includes(":ca") && text.includes("▌cancel"));
    },
  },
];

golden(SCENES);
