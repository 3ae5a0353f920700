/** Where a replay stands on its tape, and how it moves: plays, pauses, steps, jumps. Pure; the clock is passed in. */
import { durationOf, entryAt, placeAt, type Tape } from "./tape.js";

export const SPEEDS = [1, 2, 5, 10, 20, 50, 100] as const;

export interface Player {
  /** Entries that have happened. */
  readonly place: number;
  /** Milliseconds since the tape's start. */
  readonly at: number;
  readonly playing: boolean;
  readonly speed: number;
  /** Stands at the end and goes on with it: what is shown is now. */
  readonly live: boolean;
}

export const AT_THE_END: Player = { place: 0, at: 0, playing: false, speed: 1, live: true };

export function toEnd(player: Player, tape: Tape): Player {
  return { ...player, place: tape.length, at: durationOf(tape), playing: false, live: true };
}

/** The tape has grown. */
export function grown(player: Player, tape: Tape): Player {
  return player.live ? toEnd(player, tape) : player;
}

export function toPlace(player: Player, tape: Tape, place: number): Player {
  if (place >= tape.length) return toEnd(player, tape);
  const next = Math.max(0, place);
  const at = entryAt(tape, next - 1)?.t ?? 0;
  return { ...player, place: next, at, playing: false, live: false };
}

export function toTime(player: Player, tape: Tape, at: number): Player {
  if (at >= durationOf(tape)) return toEnd(player, tape);
  const next = Math.max(0, at);
  // The first entry has always happened: before it there is nothing to see.
  return { ...player, at: next, place: Math.max(Math.min(1, tape.length), placeAt(tape, next)), live: false };
}

/** To the next or the last place where something began or ended. */
export function toMilestone(player: Player, tape: Tape, direction: 1 | -1): Player {
  const after = tape.milestones.map((index) => index + 1);
  const place =
    direction === 1
      ? after.find((index) => index > player.place)
      : after.findLast((index) => index < player.place);
  return toPlace(player, tape, place ?? (direction === 1 ? tape.length : 1));
}

/** From the end it plays from the start. */
export function playOrPause(player: Player, tape: Tape): Player {
  if (player.playing) return { ...player, playing: false };
  if (tape.length === 0) return player;
  const from = player.place >= tape.length ? toTime(player, tape, 0) : player;
  return { ...from, playing: true, live: false };
}

export function faster(player: Player, direction: 1 | -1): Player {
  const at = SPEEDS.findIndex((speed) => speed >= player.speed);
  const speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + direction))]!;
  return speed === player.speed ? player : { ...player, speed };
}

/** Moves the player by a number of milliseconds of real time. */
export function played(player: Player, tape: Tape, milliseconds: number): Player {
  if (!player.playing) return player;
  const next = toTime(player, tape, player.at + milliseconds * player.speed);
  return next.live ? next : { ...next, place: Math.max(next.place, player.place) };
}
