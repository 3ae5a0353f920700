/** The timeline and its replay on the screen. */

import { CHAIN, tellChain } from "./chain-story.js";
import { KEY } from "./open.js";
import { golden, type Scene } from "./scenes.js";

const SCENES: Scene[] = [
  {
    name: "timeline",
    set: tellChain,
    id: CHAIN.first,
    async show({ screen, press }) {
      await screen.until("─ succeeded");
      press("t");
      await screen.until("■ end · 1m32s of 1m32s");
    },
  },
  {
    name: "replay",
    whole: true,
    set: tellChain,
    id: CHAIN.first,
    async show({ screen, press }) {
      await screen.until("─ succeeded");
      press("t");
      await screen.until("■ end · 1m32s of 1m32s");
      press("g");
      await screen.until("‖ 1x · 0s");
      press(KEY.pageDown.repeat(4));
      await screen.until(/‖ 1x · 3\d/);
      press("+");
      await screen.until("2x");
    },
  },
];

golden(SCENES);
