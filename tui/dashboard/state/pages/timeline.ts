/** The timeline of a chain, and the replay of what is stored of it. */
import {
  AT_THE_END,
  faster,
  grown,
  type Player,
  played,
  playOrPause,
  toEnd,
  toMilestone,
  toPlace,
  toTime,
} from "../../replay/player.js";
import { durationOf, EMPTY_TAPE, record, type Tape, type TapedLine } from "../../replay/tape.js";
import { chainOf, operationOf, type State } from "../model.js";

export interface TimelinePage {
  readonly kind: "timeline";
  /** The operation it was opened on. */
  readonly id: string;
  /** The first known link of its chain: the tape begins with it. */
  readonly first: string;
  readonly tape: Tape;
  readonly player: Player;
  /** Why the tape ends before the chain does; null where it does not. */
  readonly broken: string | null;
}

export function openTimeline(state: State): State {
  const operation = operationOf(state, state.selected);
  if (operation === null) return state;
  const first = chainOf(state, operation)[0]!.id;
  const page = {
    kind: "timeline",
    id: operation.id,
    first,
    tape: EMPTY_TAPE,
    player: AT_THE_END,
    broken: null,
  } as const;
  return { ...state, page };
}

/** The chain whose events are to be read; null where none is. */
export function wantedTape(state: State): string | null {
  return state.page?.kind === "timeline" ? state.page.first : null;
}

export function isPlaying(state: State): boolean {
  return state.page?.kind === "timeline" && state.page.player.playing;
}

export function taped(state: State, first: string, id: string, lines: readonly TapedLine[]): State {
  return onTimeline(state, (page) => {
    if (page.first !== first) return page;
    const tape = record(page.tape, id, lines);
    return { ...page, tape, player: grown(page.player, tape) };
  });
}

export function tapeBroken(state: State, first: string, reason: string): State {
  return onTimeline(state, (page) => (page.first === first ? { ...page, broken: reason } : page));
}

function onTimeline(state: State, next: (page: TimelinePage) => TimelinePage): State {
  if (state.page?.kind !== "timeline") return state;
  const page = next(state.page);
  return page === state.page ? state : { ...state, page };
}

function move(state: State, next: (player: Player, tape: Tape) => Player): State {
  return onTimeline(state, (page) => {
    const player = next(page.player, page.tape);
    return player === page.player ? page : { ...page, player };
  });
}

export const playOn = (state: State, milliseconds: number): State =>
  move(state, (player, tape) => played(player, tape, milliseconds));

/** A page of a long tape is a tenth of it. */
const PAGE = 0.1;

export const TIMELINE_MOVES = {
  play: (state: State) => move(state, playOrPause),
  step: (state: State, by: number) =>
    move(state, (player, tape) => toPlace(player, tape, Math.max(1, player.place + by))),
  milestone: (state: State, by: 1 | -1) => move(state, (player, tape) => toMilestone(player, tape, by)),
  page: (state: State, by: 1 | -1) =>
    move(state, (player, tape) => toTime(player, tape, player.at + by * PAGE * durationOf(tape))),
  start: (state: State) => move(state, (player, tape) => ({ ...toTime(player, tape, 0), playing: false })),
  end: (state: State) => move(state, toEnd),
  speed: (state: State, by: 1 | -1) => move(state, (player) => faster(player, by)),
};
