/**
 * The pages of the dashboard. A new page is a folder here, a kind of `Page` in core/model.ts, and
 * an entry of `PAGES`.
 */
import type { ComponentType } from "react";
import { HOSTS_PAGE } from "../../features/hosts/HostsPage.js";
import type { Mover } from "../core/keys/movers.js";
import type { DashboardAction, Page, PageOf, State } from "../core/model.js";
import { QUEUES_ACTIONS, QUEUES_MOVER, QueuesPage } from "./queues/QueuesPage.js";
import { FormPage, RETRY_ACTIONS, RETRY_MOVER, RetryPage } from "./submit/SubmitPages.js";

interface PageEntry<P extends Page> {
  readonly View: ComponentType<{ state: State; page: P }>;
  readonly mover?: Mover;
  readonly actions?: readonly DashboardAction[];
}

type Kind = Page["kind"];
/** Kinds of pages of features. */
type FeatureKind = "hosts";

type PagesOf<K extends Kind> = { readonly [Name in K]: PageEntry<PageOf<Name>> };

/** In the order of the command bar. */
const PAGES: PagesOf<Exclude<Kind, FeatureKind>> & Partial<PagesOf<FeatureKind>> = {
  form: { View: FormPage },
  retry: { View: RetryPage, mover: RETRY_MOVER, actions: RETRY_ACTIONS },
  queues: { View: QueuesPage, mover: QUEUES_MOVER, actions: QUEUES_ACTIONS },
  hosts: HOSTS_PAGE,
};

const ENTRIES: ReadonlyArray<Pick<PageEntry<never>, "mover" | "actions">> = Object.values(PAGES);

export const PAGE_MOVERS = ENTRIES.flatMap(({ mover = [] }) => mover);
export const PAGE_ACTIONS = ENTRIES.flatMap(({ actions = [] }) => actions);

export function PageView({ state, page }: { state: State; page: Page }) {
  // The entry of a kind takes the pages of this kind. A feature that is left out has none.
  const entry = PAGES[page.kind] as PageEntry<Page> | undefined;
  return entry === undefined ? null : <entry.View state={state} page={page} />;
}
