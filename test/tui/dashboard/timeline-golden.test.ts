/** The timeline and its replay on the screen. */

import { CHAIN, tellChain } from "./chain-story.js";
import { KEY } from "./open.js";
import { golden, type Scene } from "./scenes.js";

process.env.TZ = "UTC";

const SCENES: Scene[] = [
  {
    name: "timeline",
    set: tellChain,
    id: CHAIN.first,
    async show({ screen, press }) {
      await screen.until("Back up a folder");
      press("t");
      await screen.until(/29 of 29/);
    },
  },
  {
    name: "replay",
    set: tellChain,
    id: CHAIN.first,
    async show({ screen, press }) {
      await screen.until("Back up a folder");
      press("t");
      await screen.until(/29 of 29/);
      press("g");
      await screen.until(/1 of 29/);
      press(KEY.pageDown.repeat(4));
      await screen.until(/14 of 29/);
      press("+");
      await screen.until("2x");
    },
  },
];

golden(SCENES);
