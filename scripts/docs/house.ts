/** Generates the tables of features and doors of docs/architecture.md from test/house.json. */
import { existsSync } from "node:fs";
import { house } from "../../test/harness/house.js";
import { type Regions, table } from "./markdown.js";

const FOLDERS = ["protocol", "ops", "daemon", "tui"];

export function houseRegions(): Regions {
  const { features, doors } = house();
  return {
    features: table(
      ["feature", "does", "stands in"],
      Object.entries(features).map(([name, { about }]) => [
        name,
        about,
        FOLDERS.filter((folder) => existsSync(`${folder}/features/${name}`)).join(", "),
      ]),
    ),
    doors: table(
      ["door", "a line is"],
      Object.entries(doors).map(([file, what]) => [`\`${file}\``, what]),
    ),
  };
}
