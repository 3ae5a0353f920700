/** Recorded series: numbers of real runs, each with its time in seconds since 1970. */
import { readdirSync, readFileSync } from "node:fs";
import type { Point, Series } from "./series.js";

const DIRECTORY = new URL("recordings/", import.meta.url);

interface Recording {
  name: string;
  isTime: boolean;
  points: Array<[at: number, value: number]>;
}

export const RECORDED: ReadonlyArray<Omit<Series, "make"> & { plays: Point[][] }> = readdirSync(DIRECTORY)
  .sort()
  .map((file) => {
    const { name, isTime, points } = JSON.parse(readFileSync(new URL(file, DIRECTORY), "utf8")) as Recording;
    const plays = [points.map(([at, value]) => ({ at: at * 1000, value }))];
    return { name, isTime, isSteady: false, isPattern: true, plays };
  });
