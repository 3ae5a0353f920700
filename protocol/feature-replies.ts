/** The values that features add to replies of the daemon, one a line. */
export { channelReply, channelTestReply } from "./features/notices/reply.js";
