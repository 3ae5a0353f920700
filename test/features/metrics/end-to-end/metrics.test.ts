/** `--metrics` and the setting `metrics` of the real bins. */
import { once } from "node:events";
import { get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { World } from "../../../end-to-end/world.js";
import { scrape } from "../../../harness/prometheus.js";

function emptyWorld(): World {
  const world = new World().make();
  onTestFinished(() => world.close());
  return world;
}

test("an address without a port is exit 2 with the form, and a port that is in use fails the start and leaves no daemon", async () => {
  const world = emptyWorld();
  const wrong = await world.liveopsd(["start", "--metrics", "127.0.0.1"]);
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).toContain("ADDRESS:PORT");
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const ended = await world.liveopsd(["start", "--metrics", `127.0.0.1:${port}`]);
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toContain(
    `cannot serve metrics on 127.0.0.1:${port}: another program listens there`,
  );
  expect(ended.stderr).toContain("--metrics");
  expect(await world.liveopsd(["status"])).toMatchObject({ code: 3 });
});

test("status shows the address, start names a flag that the daemon lacks, restart keeps it", async () => {
  const world = emptyWorld();
  await world.startDaemon();
  expect((await world.client.daemon()).metrics).toBeNull();
  expect((await world.liveopsd(["status"])).stdout).not.toMatch(/^metrics/m);
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const again = await world.liveopsd(["start", "--metrics", `:${port}`]);
  expect(again).toMatchObject({ code: 0 });
  expect(again.stderr).toContain(`liveops restart --metrics 127.0.0.1:${port}`);

  expect(await world.liveopsd(["restart", "--metrics", `localhost:${port}`])).toMatchObject({
    code: 0,
  });
  expect(await world.liveopsd(["restart"])).toMatchObject({ code: 0 });
  expect((await world.liveopsd(["status"])).stdout).toContain(
    `metrics     http://127.0.0.1:${port}/metrics\n`,
  );
  const scraped = await scrape(`127.0.0.1:${port}`);
  expect(scraped.value("liveops_daemon_info")).toBe(1);
  const status = await new Promise((resolve) =>
    get({ host: "127.0.0.1", port, path: "/v1/operations" }, (reply) =>
      resolve(reply.resume().statusCode),
    ),
  );
  expect(status).toBe(404);
});
