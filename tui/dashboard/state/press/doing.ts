/** What the keys do that ask the daemon for something, or answer what is asked first. */
import { chooseRetry, moveRetry, openRetry } from "../pages/retry.js";
import { openTypes } from "../pages/types.js";
import type { Presses } from "./presses.js";

export const DOING_PRESSES = {
  cancel: (state) =>
    state.selected === null ? state : { ...state, confirming: { kind: "cancel", id: state.selected } },
  retry: (state) =>
    state.selected === null ? state : { ...state, request: { kind: "retry", id: state.selected } },
  again: (state) =>
    state.selected === null ? state : { ...state, confirming: { kind: "again", id: state.selected } },
  "retry-from": (state) => openRetry(state),
  "retry-up": (state) => moveRetry(state, -1),
  "retry-down": (state) => moveRetry(state, 1),
  "retry-choose": (state) => chooseRetry(state),
  submit: (state) => openTypes(state),
  remove: (state) =>
    state.selected === null ? state : { ...state, confirming: { kind: "remove", id: state.selected } },
  yes: (state) => ({ ...state, confirming: null, request: state.confirming ?? state.request }),
  no: (state) => ({ ...state, confirming: null }),
  follow: (state) => ({ ...state, followChain: !state.followChain }),
} satisfies Presses;
