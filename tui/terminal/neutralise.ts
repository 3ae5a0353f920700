/** Where screens and commands take `neutralise` from; it stands in protocol/ because `liveopsd` prints too. */
export { type NeutraliseOptions, neutralise } from "../../protocol/command/neutralise.js";
