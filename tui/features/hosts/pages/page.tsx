/** The page of the hosts: of a fleet, or of several daemons. */
import type { PageOf, State } from "../../../dashboard/core/model.js";
import { hasSeveral } from "../hosts.js";
import { HostsPage } from "./HostsPage.js";
import { HOSTS_ACTIONS, HOSTS_MOVER } from "./host-actions.js";
import { SeveralHostsPage } from "./SeveralHostsPage.js";

function View(props: { state: State; page: PageOf<"hosts"> }) {
  return hasSeveral(props.state) ? <SeveralHostsPage {...props} /> : <HostsPage {...props} />;
}

export const HOSTS_PAGE = { View, mover: HOSTS_MOVER, actions: HOSTS_ACTIONS };
