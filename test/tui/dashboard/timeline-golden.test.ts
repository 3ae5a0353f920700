/** The timeline on the screen. */

import { CHAIN, tellChain } from "./chain-story.js";
import { golden, type Scene } from "./scenes.js";

const SCENES: Scene[] = [
  {
    name: "timeline",
    set: tellChain,
    id: CHAIN.first,
    async show({ screen, press }) {
      await screen.until("─ succeeded");
      press("t");
      await screen.until(/Timeline.*1m32s/);
    },
  },
];

golden(SCENES);
