/** Hosts on the screen: those of the daemon. A daemon alone has one host, which nothing shows. */
import type { DaemonReply, HostReply } from "../../../../protocol/replies.js";
import { answerOf, ask } from "../ask.js";
import type { State } from "../model.js";

type WithHosts = Pick<State, "hosts">;

export const daemon = ask<object, DaemonReply>({
  want: () => ({}),
  bring: async (_want, { client, tell }) => tell(await client.daemon()),
});

/** Whether there are hosts to tell apart. */
export const hasHosts = ({ hosts: { all, engine } }: WithHosts): boolean =>
  engine !== null || all.length > 1;

/** Names of the hosts that operations may be on, where there are several: lists then tell where. */
export const hostNames = ({ hosts: { all } }: WithHosts): string[] =>
  all.length > 1 ? all.map(({ name }) => name) : [];

/** Columns of the longest name of a host; 0: the list does not tell hosts. */
export const hostColumn = (state: WithHosts): number =>
  Math.max(0, ...hostNames(state).map((name) => name.length));

export const hostNamed = (
  { hosts: { all } }: WithHosts,
  name: string | null | undefined,
): HostReply | null => all.find((host) => host.name === name) ?? null;

/** The host of the daemon that the screen asks; null: not known yet. */
export const ownHost = (state: Pick<State, "hosts" | "answers">): HostReply | null =>
  hostNamed(state, answerOf(state, daemon)?.host);
