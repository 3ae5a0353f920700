/** The screens of a fleet: the list with its hosts, a chain over two hosts, the page of the hosts and its question. */
import { FLEET, fleetWorld, SECOND } from "./fleet.js";
import { KEY } from "./open.js";
import { golden, type Scene } from "./scenes.js";

const told = (text: string) => /unreachable|▲ build-2|▲ host build-2/.test(text);

const SCENES: Scene[] = [
  {
    name: "fleet",
    set: fleetWorld,
    id: SECOND.id,
    show: ({ screen }) => screen.until((text) => told(text) && text.includes("12%")),
  },
  {
    name: "hosts",
    set: fleetWorld,
    async show({ screen, press }) {
      await screen.until(told);
      press("H");
      press(KEY.down);
      await screen.until("▌ build-2");
    },
  },
  {
    name: "host-lost",
    set: fleetWorld,
    async show({ screen, press }) {
      await screen.until(told);
      press("H");
      press(KEY.down);
      await screen.until("▌ build-2");
      press("x");
      await screen.until("Declare build-2 lo");
    },
  },
  {
    name: "engine-away",
    set: (world) => {
      fleetWorld(world);
      const fleet = {
        ...FLEET.fleet!,
        awaySince: "2026-01-02T03:03:51.000Z",
        synchronous: false,
        problems: [
          "the engine has no synchronous replica: a failover can lose the last writes",
          "build-2 has liveops 0.0.9: upgrade it",
        ],
      };
      world.daemon.on("GET", "/v1/hosts", (_asked, reply) => reply.json({ ...FLEET, fleet }));
    },
    async show({ screen, press }) {
      await screen.until("▲ engine");
      press("H");
      await screen.until("▌ build-1");
    },
  },
];

golden(SCENES);
