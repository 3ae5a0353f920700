/** The screens of a fleet: the list with its hosts, and the page of the hosts. */
import { FLEET, fleetWorld, SECOND } from "./fleet.js";
import { KEY } from "./open.js";
import { golden, type Scene } from "./scenes.js";

const SCENES: Scene[] = [
  {
    name: "fleet",
    set: fleetWorld,
    id: SECOND.id,
    show: ({ screen }) =>
      screen.until((text) => text.includes("host build-2: no") && text.includes("12%")),
  },
  {
    name: "hosts",
    set: (world) => {
      fleetWorld(world);
      const engine = {
        ...FLEET.engine!,
        awaySince: "2026-01-02T03:03:51.000Z",
        synchronous: false,
        problems: ["build-2 has liveops 0.0.9: upgrade it"],
      };
      world.daemon.on("GET", "/v1/hosts", (_asked, reply) => reply.json({ ...FLEET, engine }));
    },
    async show({ screen, press }) {
      await screen.until("▲ engine");
      press("H");
      press(KEY.down);
      await screen.until("▌ build-2");
    },
  },
];

golden(SCENES);
